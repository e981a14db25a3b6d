/**
 * The parts of Kubernetes objects that pidguard reads, spelled as the API spells them.
 * `Maybe` because YAML and hand-written JSON hold explicit nulls, which Kubernetes treats as absent.
 */
export type Maybe<T> = T | null | undefined

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid?: Maybe<string>
  readonly controller?: Maybe<boolean>
}

export interface ObjectMeta {
  readonly name?: Maybe<string>
  readonly generateName?: Maybe<string>
  readonly namespace?: Maybe<string>
  readonly uid?: Maybe<string>
  readonly labels?: Maybe<Readonly<Record<string, string>>>
  readonly annotations?: Maybe<Readonly<Record<string, string>>>
  readonly ownerReferences?: Maybe<readonly OwnerReference[]>
  readonly creationTimestamp?: Maybe<string>
  readonly deletionTimestamp?: Maybe<string>
}

export interface KubernetesObject {
  readonly apiVersion?: Maybe<string>
  readonly kind?: Maybe<string>
  readonly metadata?: Maybe<ObjectMeta>
  readonly [field: string]: unknown
}

/** A quantity as JSON or YAML spells it: `"100m"`, `"1Gi"`, `2`. */
export type QuantityText = string | number

export type ResourceList = Readonly<Record<string, QuantityText>>

export interface ResourceRequirements {
  readonly requests?: Maybe<ResourceList>
  readonly limits?: Maybe<ResourceList>
}

export interface EnvVar {
  readonly name: string
  readonly value?: Maybe<string>
  readonly valueFrom?: Maybe<object>
}

export interface Container {
  readonly name: string
  readonly image?: Maybe<string>
  readonly command?: Maybe<readonly string[]>
  readonly args?: Maybe<readonly string[]>
  readonly env?: Maybe<readonly EnvVar[]>
  readonly envFrom?: Maybe<readonly object[]>
  readonly resources?: Maybe<ResourceRequirements>
  readonly restartPolicy?: Maybe<string>
}

export interface PodSpec {
  readonly containers?: Maybe<readonly Container[]>
  readonly initContainers?: Maybe<readonly Container[]>
  readonly ephemeralContainers?: Maybe<readonly Container[]>
  readonly resources?: Maybe<ResourceRequirements>
  readonly nodeSelector?: Maybe<Readonly<Record<string, string>>>
  readonly nodeName?: Maybe<string>
  /** Read by placement.ts, which takes any shape. */
  readonly affinity?: unknown
  readonly tolerations?: unknown
  readonly hostNetwork?: Maybe<boolean>
  /** Of its RuntimeClass; the API server writes it before webhooks are called. */
  readonly overhead?: Maybe<ResourceList>
  readonly priorityClassName?: Maybe<string>
  /** The API server writes it from the class before webhooks are called. */
  readonly priority?: Maybe<number>
  readonly os?: Maybe<{ readonly name?: unknown }>
  /** Read by scheduling-gates.ts, which takes any shape. */
  readonly schedulingGates?: unknown
  /** Read by pod-groups.ts, which takes any shape. */
  readonly schedulingGroup?: unknown
}

/** One entry of a LimitRange's `spec.limits`. */
export interface LimitRangeItem {
  readonly type: string
  readonly min?: Maybe<ResourceList>
  readonly max?: Maybe<ResourceList>
  readonly default?: Maybe<ResourceList>
  readonly defaultRequest?: Maybe<ResourceList>
}
