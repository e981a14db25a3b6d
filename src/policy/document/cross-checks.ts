import { mostThreadsOf, runtimes } from '../../kubernetes/language-runtimes.ts'
import { parseQuantity } from '../../kubernetes/qos/quantity.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { Pids } from '../../lib/units.ts'
import { defaultSettings } from '../default-settings.ts'
import { readFloor, readPids, readPidsOrNone, readRequest } from '../setting-values.ts'
import type { Path } from './mistakes.ts'

/** A mistake between settings. */
export interface CrossMistake {
  readonly path: Path
  readonly message: string
}

/**
 * Mistakes between two settings, or between fields of which one must be there. Works on the values as written and
 * skips malformed values, so these mistakes are reported together with those of single values.
 */
export function crossMistakes(document: unknown): CrossMistake[] {
  const spec = recordAt(document, 'spec')
  const base: PidsBounds = { estimate: defaultSettings.pids.estimate, limit: undefined }
  const own = boundsOver(base, recordAt(spec, 'pids'))
  const overrides = recordsAt(spec, 'overrides')
  return [
    ...pidMistakes(recordAt(spec, 'pids'), base, ['spec', 'pids']),
    ...hysteresisMistakes(recordAt(spec, 'headroom'), ['spec', 'headroom']),
    ...overrides.flatMap(([override, index]) => overrideMistakes(override, own, ['spec', 'overrides', index])),
    ...repeatedNames(overrides, ['spec', 'overrides']),
    ...recordsAt(spec, 'exemptions').flatMap(([exemption, i]) =>
      exemptionMistakes(exemption, ['spec', 'exemptions', i])
    ),
    ...recordsAt(spec, 'podTemplates').flatMap(([each, i]) => templateMistakes(each, ['spec', 'podTemplates', i])),
    ...tuningMistakes(recordAt(spec, 'namespaceTuning'), ['spec', 'namespaceTuning'])
  ]
}

interface PidsBounds {
  readonly estimate: Pids
  readonly limit: Pids | undefined
}

function overrideMistakes(override: JsonRecord, base: PidsBounds, path: Path): CrossMistake[] {
  const namespaces = override.namespaces
  return [
    ...pidMistakes(recordAt(override, 'pids'), base, [...path, 'pids']),
    ...oneNeeded(namespaces, ['names', 'selector'], [...path, 'namespaces']),
    ...selectorMistakes(recordAt(namespaces).selector, [...path, 'namespaces', 'selector'])
  ]
}

function pidMistakes(pids: JsonRecord, base: PidsBounds, path: Path): CrossMistake[] {
  const bounds = boundsOver(base, pids)
  const profiles = recordsAt(pids, 'profiles')
  const at: Path = [...path, 'profiles']
  return [
    ...aboveLimit(pids, bounds, path),
    ...profiles.flatMap(([profile, index]) => profileMistakes(profile, bounds, [...at, index])),
    ...repeatedNames(profiles, at)
  ]
}

function profileMistakes(profile: JsonRecord, base: PidsBounds, path: Path): CrossMistake[] {
  const match: Path = [...path, 'match']
  return [
    ...oneNeeded(profile, ['estimate', 'limit', 'threadCap'], path),
    ...oneNeeded(profile.match, ['images', 'selector'], match),
    ...selectorMistakes(recordAt(profile.match).selector, [...match, 'selector']),
    ...aboveLimit(profile, boundsOver(base, profile), path),
    ...ignoredCap(recordAt(profile.threadCap), [...path, 'threadCap', 'threads'])
  ]
}

/** A cap above the largest that the runtime accepts: the runtime would ignore it. */
function ignoredCap({ runtime, threads }: JsonRecord, path: Path): CrossMistake[] {
  const known = runtimes.find((name) => name === runtime)
  const most = known && mostThreadsOf(known)
  const cap = readPids(threads)
  if (most === undefined || cap === undefined || cap <= most) return []
  return [{ path, message: `expected at most ${most}, since ${known} ignores more, found ${cap}` }]
}

function boundsOver(base: PidsBounds, pids: JsonRecord): PidsBounds {
  const limit = readPidsOrNone(pids.limit)
  return {
    estimate: readPids(pids.estimate) ?? base.estimate,
    limit: limit === 'none' ? undefined : (limit ?? base.limit)
  }
}

/** Reported only if this level sets either value; an inherited pair is reported at its own level. */
function aboveLimit(pids: JsonRecord, { estimate, limit }: PidsBounds, path: Path): CrossMistake[] {
  if (limit === undefined || estimate <= limit) return []
  if (readPids(pids.estimate) !== undefined) {
    return [{ path: [...path, 'estimate'], message: `estimate ${estimate} is above limit ${limit}` }]
  }
  if (readPids(pids.limit) === undefined) return []
  return [{ path: [...path, 'limit'], message: `limit ${limit} is below estimate ${estimate}, which is inherited` }]
}

/** Together they must stay below the ceiling: a node that needs more free PIDs than it has would stay tainted for ever. */
function hysteresisMistakes(headroom: JsonRecord, path: Path): CrossMistake[] {
  const floor = readFloor(headroom.floor) ?? defaultSettings.headroom.floor
  const hysteresis = readFloor(headroom.taintHysteresis) ?? defaultSettings.headroom.taintHysteresis
  if (!('share' in floor && 'share' in hysteresis) || floor.share + hysteresis.share < 1) return []
  const written = readFloor(headroom.taintHysteresis) === undefined ? 'floor' : 'taintHysteresis'
  return [{ path: [...path, written], message: 'floor and taintHysteresis together leave nothing free to be used' }]
}

function exemptionMistakes(exemption: JsonRecord, path: Path): CrossMistake[] {
  return [
    ...oneNeeded(exemption, ['namespaces', 'kinds', 'names', 'selector'], path),
    ...selectorMistakes(exemption.selector, [...path, 'selector'])
  ]
}

function templateMistakes(place: JsonRecord, path: Path): CrossMistake[] {
  const both = place.template !== undefined && place.podSpec !== undefined
  return [
    ...oneNeeded(place, ['template', 'podSpec'], path),
    ...(both ? [{ path: [...path, 'podSpec'], message: 'expected template or podSpec, found both' }] : [])
  ]
}

/** An empty selector matches everything, which is rarely meant; the name pattern `*` does the same openly. */
function selectorMistakes(selector: unknown, path: Path): CrossMistake[] {
  const empty = isRecord(selector) && isRecord(selector.matchLabels) && Object.keys(selector.matchLabels).length === 0
  return [
    ...oneNeeded(selector, ['matchLabels', 'matchExpressions'], path),
    ...(empty ? [{ path: [...path, 'matchLabels'], message: 'expected at least one label' }] : []),
    ...recordsAt(selector, 'matchExpressions').flatMap(([requirement, index]) =>
      requirementMistakes(requirement, [...path, 'matchExpressions', index])
    )
  ]
}

function requirementMistakes({ operator, values }: JsonRecord, path: Path): CrossMistake[] {
  const compares = operator === 'In' || operator === 'NotIn'
  if (compares && values === undefined) return [{ path, message: `${operator} needs values` }]
  const exists = operator === 'Exists' || operator === 'DoesNotExist'
  if (exists && values !== undefined) return [{ path: [...path, 'values'], message: `${operator} takes no values` }]
  return []
}

function tuningMistakes(tuning: JsonRecord, path: Path): CrossMistake[] {
  const { cpu, memory, pids, floor } = tuning
  const size = (value: unknown) => {
    const read = readRequest(value)
    return read === undefined ? undefined : parseQuantity(read)
  }
  return [
    ...reversed(readPids(recordAt(pids).min), readPids(recordAt(pids).max), [...path, 'pids']),
    ...reversed(size(recordAt(cpu).min), size(recordAt(cpu).max), [...path, 'cpu']),
    ...reversed(size(recordAt(memory).min), size(recordAt(memory).max), [...path, 'memory']),
    ...floorMistakes(recordAt(floor), [...path, 'floor'])
  ]
}

function floorMistakes(bounds: JsonRecord, path: Path): CrossMistake[] {
  const min = readFloor(bounds.min)
  const max = readFloor(bounds.max)
  if (min === undefined || max === undefined) return []
  if ('share' in min && 'share' in max) return reversed(min.share, max.share, path)
  if ('pids' in min && 'pids' in max) return reversed(min.pids, max.pids, path)
  return [{ path, message: 'min and max must both be shares, or both counts' }]
}

function reversed<T extends number | bigint>(min: T | undefined, max: T | undefined, path: Path): CrossMistake[] {
  return min !== undefined && max !== undefined && min > max
    ? [{ path: [...path, 'min'], message: 'min is above max' }]
    : []
}

function oneNeeded(value: unknown, names: readonly string[], path: Path): CrossMistake[] {
  if (!isRecord(value) || names.some((name) => value[name] !== undefined)) return []
  return [{ path, message: `expected at least one of ${names.join(', ')}` }]
}

function repeatedNames(records: readonly (readonly [JsonRecord, number])[], path: Path): CrossMistake[] {
  const seen = new Set<unknown>()
  return records.flatMap(([{ name }, index]) => {
    if (typeof name !== 'string' || !seen.has(name)) {
      seen.add(name)
      return []
    }
    return [{ path: [...path, index, 'name'], message: `a second ${name}; names must be unique` }]
  })
}

function recordAt(value: unknown, field?: string): JsonRecord {
  const found = field === undefined ? value : recordAt(value)[field]
  return isRecord(found) ? found : {}
}

function recordsAt(value: unknown, field: string): (readonly [JsonRecord, number])[] {
  const found = recordAt(value)[field]
  return Array.isArray(found) ? found.flatMap((item, index) => (isRecord(item) ? [[item, index] as const] : [])) : []
}
