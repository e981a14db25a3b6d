/** A policy or a binding. */
export interface EmittedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly spec: object
}

/** The annotation by which `doctor` knows which rules an object stands for. */
export const rulesAnnotation = 'pidguard.io/rules'

export function metadataOf(name: string, ruleIds: readonly string[]): EmittedObject['metadata'] {
  return {
    name,
    labels: { 'app.kubernetes.io/name': 'pidguard' },
    annotations: { [rulesAnnotation]: ruleIds.join(',') }
  }
}
