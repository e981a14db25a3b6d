import type { Kubectl } from './kubectl.ts'

export interface CustomKind {
  readonly group: string
  /** The one that is stored. */
  readonly version: string
  readonly alsoServed?: readonly string[]
  readonly kind: string
  /** Namespaced where it is left out. */
  readonly scope?: 'Cluster' | 'Namespaced'
}

/** Defines kinds by their names, without the schema that their project has; they are served when it returns. */
export async function defineKinds(kubectl: Kubectl, kinds: readonly CustomKind[]): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  for (const { group, version, alsoServed = [], kind, scope = 'Namespaced' } of kinds) {
    const singular = kind.toLowerCase()
    const plural = `${singular}s`
    const name = `${plural}.${group}`
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      // Groups below k8s.io ask for this annotation.
      metadata: { name, annotations: { 'api-approved.kubernetes.io': 'unapproved, only for a test' } },
      spec: {
        group,
        scope,
        names: { kind, plural, singular, listKind: `${kind}List` },
        versions: [version, ...alsoServed].map((name) => ({ name, served: true, storage: name === version, schema }))
      }
    }
    await kubectl.ok(['create', '--filename=-'], JSON.stringify(definition))
    await kubectl.ok(['wait', '--for=condition=Established', `crd/${name}`, '--timeout=120s'])
  }
}
