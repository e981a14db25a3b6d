import type { PatchOperation } from '../lib/json/patch.ts'
import { tokensOf } from '../lib/json/pointer.ts'
import { isRecord } from '../lib/json/shape.ts'

/** A patch for people: `+` for what is added, `-` for what is removed, both for what is replaced. */
export function renderPatch(operations: readonly PatchOperation[], before: unknown): string[] {
  return operations.flatMap((operation) => {
    const place = placeOf(operation.path)
    const old = valueAt(before, operation.path)
    const removed = old === undefined ? [] : [`- ${place}: ${shown(old)}`]
    if (operation.op === 'remove') return removed
    if (operation.op === 'replace') return [...removed, `+ ${place}: ${shown(operation.value)}`]
    if (operation.path.endsWith('/-')) return [`+ ${place}: ${shown(operation.value)}`]
    return leavesOf(operation.value, place).map((line) => `+ ${line}`)
  })
}

/** One line for each leaf of an object. */
function leavesOf(value: unknown, place: string): string[] {
  if (!isRecord(value) || Object.keys(value).length === 0) return [`${place}: ${shown(value)}`]
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, join(place, key)))
}

/** `/spec/containers/0/image` as `spec.containers[0].image`. */
function placeOf(pointer: string): string {
  return tokensOf(pointer).reduce(join, '')
}

function join(place: string, token: string): string {
  if (/^(\d+|-)$/.test(token)) return `${place}[${token === '-' ? '+' : token}]`
  if (!/^[A-Za-z][\w-]*$/.test(token)) return `${place}[${JSON.stringify(token)}]`
  return place === '' ? token : `${place}.${token}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 160 ? text : `${text.slice(0, 159)}…`
}

function valueAt(document: unknown, pointer: string): unknown {
  let value = document
  for (const token of tokensOf(pointer)) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.hasOwn(value, token) ? (value as Record<string, unknown>)[token] : undefined
  }
  return value
}
