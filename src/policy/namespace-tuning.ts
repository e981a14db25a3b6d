import * as annotations from '../kubernetes/annotations.ts'
import { compareQuantities } from '../kubernetes/qos/quantity.ts'
import type { BaseSettings, NamespaceTuning, QuantityBounds } from './policy.ts'
import { readFloorText, readPidsText, readRequest } from './setting-values.ts'
import type { Floor } from './settings.ts'

/** The result of one annotation: the value to use, if any, and a note for people. */
interface Tuned<T> {
  readonly value?: T
  readonly note?: string
}

/**
 * The settings with what the Namespace's owner set by annotation, held within the policy's bounds.
 * Notes never repeat a value: it may be anything, and of any length.
 */
export function tune(
  settings: BaseSettings,
  tuning: NamespaceTuning,
  found: Readonly<Record<string, string>>
): { settings: BaseSettings; notes: readonly string[] } {
  const pids = tuned(found, annotations.defaultPids, tuning.pids, pidsWithin)
  const cpu = tuned(found, annotations.defaultCpuRequest, tuning.cpu, requestWithin)
  const memory = tuned(found, annotations.defaultMemoryRequest, tuning.memory, requestWithin)
  const floor = tuned(found, annotations.headroomFloor, tuning.floor, floorWithin)
  const estimate = withinLimit(pids.value, settings.pids.limit)
  const notes = [pids, estimate, cpu, memory, floor].flatMap(({ note }) => note ?? [])
  const changed = {
    ...settings,
    requests: {
      ...settings.requests,
      cpu: cpu.value ?? settings.requests.cpu,
      memory: memory.value ?? settings.requests.memory
    },
    pids: { ...settings.pids, estimate: estimate.value ?? settings.pids.estimate },
    headroom: { ...settings.headroom, floor: floor.value ?? settings.headroom.floor }
  }
  return { settings: changed, notes }
}

/** Whether the namespace has any annotation of ours: few have one, and the others share their settings. */
export function isTuned(found: Readonly<Record<string, string>>): boolean {
  return keys.some((key) => Object.hasOwn(found, key))
}

export function mayTune({ pids, cpu, memory, floor }: NamespaceTuning): boolean {
  return [pids, cpu, memory, floor].some((bounds) => bounds !== undefined)
}

const keys = [
  annotations.defaultPids,
  annotations.defaultCpuRequest,
  annotations.defaultMemoryRequest,
  annotations.headroomFloor
]

function tuned<T, B>(
  found: Readonly<Record<string, string>>,
  key: string,
  bounds: B | undefined,
  within: (text: string, bounds: B, key: string) => Tuned<T>
): Tuned<T> {
  const text: unknown = Object.hasOwn(found, key) ? found[key] : undefined
  if (text === undefined) return {}
  if (bounds === undefined) return { note: `annotation ${key} is ignored: the policy does not allow it` }
  if (typeof text !== 'string') return { note: `annotation ${key} is ignored: not a text` }
  return within(text, bounds, key)
}

function pidsWithin(text: string, { min, max }: { min: number; max: number }, key: string): Tuned<number> {
  const pids = readPidsText(text)
  if (pids === undefined) return { note: `annotation ${key} is ignored: not a count of tasks` }
  if (pids < min) return clamped(min, min, 'below the least', key)
  if (pids > max) return clamped(max, max, 'above the most', key)
  return { value: pids }
}

/** A pod cannot need more than its limit. A mistake of this kind in the policy itself is found when it is read. */
function withinLimit(estimate: number | undefined, limit: number | undefined): Tuned<number> {
  if (estimate === undefined) return {}
  if (limit === undefined || estimate <= limit) return { value: estimate }
  const note = `annotation ${annotations.defaultPids} is above the limit of the policy: ${limit} is used`
  return { value: limit, note }
}

function requestWithin(text: string, { min, max }: QuantityBounds, key: string): Tuned<string> {
  const request = readRequest(text)
  if (request === undefined) return { note: `annotation ${key} is ignored: not a quantity above zero` }
  if (isAbove(request, max)) return clamped(max, max, 'above the most', key)
  if (min !== undefined && isAbove(min, request)) return clamped(min, min, 'below the least', key)
  return { value: request }
}

function isAbove(a: string, b: string): boolean {
  return (compareQuantities(a, b) ?? 0) > 0
}

function floorWithin(text: string, { min, max }: { min: Floor; max: Floor }, key: string): Tuned<Floor> {
  const floor = readFloorText(text)
  if (floor === undefined) return { note: `annotation ${key} is ignored: neither a share nor a count` }
  const size = sizeLike(floor, min)
  if (size === undefined) {
    return { note: `annotation ${key} is ignored: the policy bounds it as a ${'share' in min ? 'share' : 'count'}` }
  }
  if (size < (sizeLike(min, min) ?? size)) return clamped(min, floorText(min), 'below the least', key)
  if (size > (sizeLike(max, min) ?? size)) return clamped(max, floorText(max), 'above the most', key)
  return { value: floor }
}

function clamped<T>(value: T, shown: string | number, where: string, key: string): Tuned<T> {
  return { value, note: `annotation ${key} is ${where} allowed: ${shown} is used` }
}

/** The number of `floor`, when it is of the same sort as `like`. */
function sizeLike(floor: Floor, like: Floor): number | undefined {
  if ('share' in floor) return 'share' in like ? floor.share : undefined
  return 'pids' in like ? floor.pids : undefined
}

function floorText(floor: Floor): string {
  return 'share' in floor ? `${Number((floor.share * 100).toFixed(3))}%` : String(floor.pids)
}
