import { memoized } from '../../lib/memoize.ts'
import type { QuantityText } from '../types.ts'

/** A quantity in billionths of its unit, the finest step Kubernetes keeps: `1m` is 1,000,000n. */
export type Nanos = bigint

/** Decimal places of a Nanos. */
const nanoPlaces = 9
/** Quantities of more digits than this before the point are all treated alike: larger than any real one. */
const maxWholeDigits = 100
/** The value used for such a quantity. */
const largest: Nanos = 10n ** BigInt(maxWholeDigits + nanoPlaces)
/** Kubernetes caps quantities with a binary suffix here, and no others: 2^63-1. */
const largestBinary: Nanos = (2n ** 63n - 1n) * 10n ** BigInt(nanoPlaces)
/** No step of 1n, with the largest binary suffix (2^60), lies beyond this decimal place: 60 + 9. */
const maxFractionDigits = 69

/** Each a thousand times the one before it; the fourth is the unit itself. */
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
/** Each 1024 times the one before it, the first 1024 units. */
const binarySuffixes = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']

/**
 * Reads a quantity as resource.ParseQuantity of Kubernetes does, its oddities included: `.` and `m` are zero.
 * Undefined when Kubernetes would refuse it. Parts of a billionth are rounded away from zero.
 * The cost is linear in the length of the text, for any text.
 */
export function parseQuantity(value: QuantityText): Nanos | undefined {
  return read(String(value))
}

const read = memoized(readQuantity)

function readQuantity(text: string): Nanos | undefined {
  if (text === '') return undefined
  const start = text[0] === '-' || text[0] === '+' ? 1 : 0
  const wholeEnd = digitsEnd(text, start)
  const point = text[wholeEnd] === '.'
  const fractionEnd = point ? digitsEnd(text, wholeEnd + 1) : wholeEnd
  const whole = text.slice(firstNonZero(text, start, wholeEnd), wholeEnd)
  const fraction = point ? text.slice(wholeEnd + 1, fractionEnd) : ''
  const digitless = fractionEnd - start === (point ? 1 : 0)
  const size = sizeOf(whole, fraction, text.slice(fractionEnd), digitless)
  return size !== undefined && text[0] === '-' ? -size : size
}

/** Less than, equal to or greater than zero, as `a` is to `b`; undefined when either is not a quantity. */
export function compareQuantities(a: QuantityText, b: QuantityText): number | undefined {
  const left = parseQuantity(a)
  const right = parseQuantity(b)
  if (left === undefined || right === undefined) return undefined
  return left < right ? -1 : Number(left > right)
}

function sizeOf(whole: string, fraction: string, suffix: string, digitless: boolean): Nanos | undefined {
  const binary = 10 * (binarySuffixes.indexOf(suffix) + 1)
  // Kubernetes reads a bare suffix only on its fast path, which Pi, Ei and parts of a billionth do not take.
  if (binary > 0) return digitless && binary > 40 ? undefined : binarySize(whole, fraction, binary)
  const decimal = decimalExponentOf(suffix)
  if (decimal === undefined || (digitless && decimal < -nanoPlaces)) return undefined
  return decimalSize(whole, fraction, decimal)
}

/** Of `k`, `e3`, `E-2`, `e+06`; undefined when it is no suffix. Held inside int32, as Kubernetes keeps it. */
function decimalExponentOf(suffix: string): number | undefined {
  const index = decimalSuffixes.indexOf(suffix)
  if (index >= 0) return 3 * (index - 3)
  if (!/^[eE][-+]?\d+$/.test(suffix)) return undefined
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Number(suffix.slice(1))))
}

function decimalSize(whole: string, fraction: string, exponent: number): Nanos {
  const digits = whole + fraction
  if (!/[1-9]/.test(digits)) return 0n
  const kept = whole.length + exponent + nanoPlaces
  // With nothing before the point, zeros after it may still make a small number of a large exponent.
  const leading = firstNonZero(digits, 0, digits.length)
  if (kept - leading > maxWholeDigits + nanoPlaces) return largest
  if (kept <= leading) return 1n
  const nanos = BigInt(digits.slice(leading, kept).padEnd(kept - leading, '0'))
  return /[1-9]/.test(digits.slice(kept)) ? nanos + 1n : nanos
}

function binarySize(whole: string, fraction: string, exponent: number): Nanos {
  if (whole.length > maxWholeDigits) return largestBinary
  // Anything beyond the last place that matters only decides that the rounding goes up.
  const rest = /[1-9]/.test(fraction.slice(maxFractionDigits)) ? '1' : ''
  const digits = fraction.slice(0, maxFractionDigits) + rest
  const divisor = 10n ** BigInt(digits.length)
  const product = (BigInt(whole + digits || '0') << BigInt(exponent)) * 10n ** BigInt(nanoPlaces)
  const nanos = (product + divisor - 1n) / divisor
  return nanos > largestBinary ? largestBinary : nanos
}

function digitsEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && isDigit(text.charCodeAt(at))) at++
  return at
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function firstNonZero(text: string, from: number, end: number): number {
  let at = from
  while (at < end && text[at] === '0') at++
  return at
}
