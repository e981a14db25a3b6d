import type { Selector } from '../kubernetes/label-selector.ts'
import type { TemplatePlace } from '../kubernetes/pods/template-places.ts'
import type { GroupKind } from '../kubernetes/workloads.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { Mode } from '../model/finding.ts'
import type { Backend, Floor, Profile, Settings } from './settings.ts'

/** How the document names itself. */
export const apiVersion = 'pidguard.io/v1alpha1'
export const kind = 'PidGuardPolicy'

/** Settings before a namespace is looked at. */
export type BaseSettings = Omit<Settings, 'notes'>

/** The policy document, read and checked; every default is filled in. */
export interface Policy {
  readonly name: string
  /** Name patterns of the namespaces where `pods` rules are off, also where an override sets a mode. */
  readonly systemNamespaces: readonly string[]
  readonly base: BaseSettings
  /** In the order of the document: the first that matches a namespace is its own. */
  readonly overrides: readonly Override[]
  readonly exemptions: readonly Exemption[]
  readonly tuning: NamespaceTuning
  /** Where kinds keep pods that pidguard does not know by itself, or knows otherwise. */
  readonly podTemplates: ReadonlyMap<GroupKind, readonly TemplatePlace[]>
}

export interface Override {
  readonly name: string
  /** Both must match where both are given; at least one is. */
  readonly namespaces: { readonly names: readonly string[] | undefined; readonly selector: Selector | undefined }
  /** The base with this override's own fields over it. */
  readonly settings: BaseSettings
}

/** Objects that rules leave alone. Every scope that is given must match, and at least one is. */
export interface Exemption {
  /** Rule ids, or `*` for all of them. */
  readonly rules: readonly string[]
  readonly namespaces: readonly string[] | undefined
  readonly kinds: readonly string[] | undefined
  readonly names: readonly string[] | undefined
  readonly selector: Selector | undefined
  readonly reason: string
  /** The first instant at which it no longer counts. */
  readonly expiresAt: Millis
}

/** What a Namespace owner may set by annotation; undefined: nothing. Both bounds may be taken. */
export interface NamespaceTuning {
  readonly pids: { readonly min: Pids; readonly max: Pids } | undefined
  readonly cpu: QuantityBounds | undefined
  readonly memory: QuantityBounds | undefined
  /** Both shares, or both counts. */
  readonly floor: { readonly min: Floor; readonly max: Floor } | undefined
}

export interface QuantityBounds {
  readonly min: string | undefined
  readonly max: string
}

/** Settings as one part of the document gives them: what is absent is inherited, `none` takes a value away. */
export interface Layer {
  readonly rules?: Readonly<Record<string, Mode | undefined>> | undefined
  readonly requests?: Given<Settings['requests']> | undefined
  readonly pids?:
    | Given<{
        readonly estimate: Pids
        readonly limit: Pids | 'none'
        readonly trustDeclared: boolean
        readonly profiles: readonly Profile[]
      }>
    | undefined
  readonly headroom?:
    | Given<{
        readonly floor: Floor
        readonly maxAge: Millis
        readonly claimShare: number
        readonly budget: Given<{ readonly perNode: Pids | 'none'; readonly total: Pids | 'none' }>
        readonly urgentPriority: number
        readonly autoscaled: boolean
        readonly schedulePids: boolean
        readonly taintNodes: boolean
        readonly maxTaintedShare: number
        readonly taintHysteresis: Floor
      }>
    | undefined
  readonly audit?: Given<Settings['audit']> | undefined
  readonly calico?:
    | Given<{
        readonly iptablesBackend: Backend
        readonly operatorManaged: 'report' | 'mutate'
        readonly updateStrategy: 'OnDelete' | 'hold'
        readonly repair: boolean
      }>
    | undefined
}

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined }
