import { isRecord } from '../lib/json/shape.ts'
import { readFast } from '../yaml/js-yaml-reader.ts'

/** The names that kustomize looks for, in its order (kustomize api/konfig/general.go). */
export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const

export interface Kustomization {
  /** Paths of what it builds from. */
  readonly resources: readonly string[]
  /** Paths of patches, and of files that it puts into ConfigMaps and Secrets: none is an object by itself. */
  readonly parts: readonly string[]
}

/** The files that a kustomization names, relative to it. What cannot be read names none: it is reported when it is checked. */
export function readKustomization(text: string): Kustomization {
  let value: unknown
  try {
    value = readFast(text)
  } catch {
    value = undefined
  }
  if (!isRecord(value)) return { resources: [], parts: [] }
  const under = (key: string): unknown[] => listOf(value[key])
  const patches = [...under('patches'), ...under('patchesJson6902'), ...under('replacements')].map((each) =>
    isRecord(each) ? each['path'] : undefined
  )
  const generated = [...under('configMapGenerator'), ...under('secretGenerator')].flatMap((each) =>
    isRecord(each) ? [...listOf(each['files']), ...listOf(each['envs']), each['env']].map(withoutKey) : []
  )
  // An entry of patchesStrategicMerge is a path or the patch itself.
  return {
    resources: pathsOf([...under('resources'), ...under('bases'), ...under('components')]),
    parts: pathsOf([...patches, ...under('patchesStrategicMerge'), ...generated])
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** `name=path` of a generator. */
function withoutKey(entry: unknown): unknown {
  return typeof entry === 'string' ? entry.slice(entry.indexOf('=') + 1) : entry
}

function pathsOf(values: readonly unknown[]): string[] {
  return values.filter((value): value is string => typeof value === 'string' && !/\n|: /.test(value))
}
