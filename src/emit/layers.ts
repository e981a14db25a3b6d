import type { BaseSettings, Policy } from '../policy/policy.ts'
import { all, type Cel, matchesGlob, matchesSelector, type Variable } from './cel.ts'

/** Layers whose settings are alike where it matters. */
export interface LayerGroup {
  /** Goes into the names of its policies; empty where the base is in it. */
  readonly name: string
  readonly settings: BaseSettings
  /** Whether the namespace of the request is in the group; undefined: all are. */
  readonly isHere: Cel | undefined
}

/** The layers of a policy in groups that agree in what `reads` gives; only the base where the object is in no namespace. */
export function groupsOf(
  { base, overrides }: Policy,
  reads: (settings: BaseSettings) => unknown,
  isNamespaced = true
): LayerGroup[] {
  const ofBase = { name: '', settings: base, index: overrides.length }
  const layers = isNamespaced
    ? [...overrides.map(({ name, settings }, index) => ({ name, settings, index })), ofBase]
    : [ofBase]
  const groups = [...Map.groupBy(layers, ({ settings }) => JSON.stringify(reads(settings))).values()]
  return groups.map((group) => ({
    name: group.some(({ name }) => name === '') ? '' : (group[0] ?? ofBase).name,
    settings: (group[0] ?? ofBase).settings,
    isHere: groups.length === 1 ? undefined : `variables.layer in [${group.map(({ index }) => index).join(', ')}]`
  }))
}

/** `layer`: the override of the namespace, by its place in the policy; the number of overrides where it is the base. */
export function layerVariables({ overrides }: Policy): Variable[] {
  if (overrides.length === 0) return []
  const tests = overrides.map(({ namespaces: { names, selector } }) =>
    all([
      ...(names === undefined ? [] : [matchesGlob('request.namespace', names)]),
      ...(selector === undefined ? [] : [matchesSelector('variables.namespaceLabels', selector)])
    ])
  )
  return [
    { name: 'namespaceLabels', expression: 'namespaceObject.metadata.?labels.orValue({})' },
    { name: 'layer', expression: `${tests.map((test, i) => `(${test}) ? ${i}\n: `).join('')}${overrides.length}` }
  ]
}
