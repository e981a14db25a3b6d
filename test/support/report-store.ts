import { KubeError } from '../../src/kube/kube-error.ts'
import { isRecord, type JsonRecord } from '../../src/lib/json/shape.ts'
import type { ListFailure, ReportAddress, ReportKind, ReportStore } from '../../src/ports/objects.ts'

export const policyReport: ReportKind = {
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'PolicyReport',
  plural: 'policyreports',
  namespaced: true
}
export const clusterPolicyReport: ReportKind = {
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'ClusterPolicyReport',
  plural: 'clusterpolicyreports',
  namespaced: false
}
export const openReport: ReportKind = {
  apiVersion: 'openreports.io/v1alpha1',
  kind: 'Report',
  plural: 'reports',
  namespaced: true
}

/** Reports in memory; notes what is done to them. */
export class MemoryReports implements ReportStore {
  readonly objects = new Map<string, JsonRecord>()
  /** `apply shop/name` or `remove shop/name`, since it was last emptied. */
  readonly done: string[] = []
  served: readonly ReportKind[] = [policyReport, clusterPolicyReport]
  /** A kind that is written no more, and what stands of it. */
  old: { readonly kind: ReportKind; readonly objects: Map<string, JsonRecord> } | undefined
  unlisted: ListFailure | undefined
  /** Throws what the call is to throw. */
  refuse: (verb: string, at: ReportAddress) => void = () => {}
  /** The most calls under way at once so far. */
  most = 0
  #underWay = 0

  async kinds(): Promise<{ current: readonly ReportKind[]; replaced: readonly ReportKind[] }> {
    return { current: this.served, replaced: this.old === undefined ? [] : [this.old.kind] }
  }

  async list(kind: ReportKind, take: (object: JsonRecord) => void): Promise<ListFailure | undefined> {
    const { namespaced } = kind
    for (const object of this.#objectsOf(kind).values()) {
      const { metadata } = object
      if (isRecord(metadata) && (metadata['namespace'] !== undefined) === namespaced) take(object)
    }
    return this.unlisted
  }

  async apply(_kind: ReportKind, at: ReportAddress, object: object): Promise<'written'> {
    await this.#called('apply', at)
    const stored = object as JsonRecord
    const key = keyOf(at)
    this.objects.set(key, { ...stored, metadata: { ...(stored['metadata'] as JsonRecord), uid: `uid of ${key}` } })
    return 'written'
  }

  async remove(kind: ReportKind, at: ReportAddress, uid: string): Promise<void> {
    await this.#called('remove', at)
    if (uid !== `uid of ${keyOf(at)}`) throw new Error(`removed by a wrong uid: ${uid}`)
    this.#objectsOf(kind).delete(keyOf(at))
  }

  #objectsOf(kind: ReportKind): Map<string, JsonRecord> {
    return kind === this.old?.kind ? this.old.objects : this.objects
  }

  async #called(verb: string, at: ReportAddress): Promise<void> {
    this.done.push(`${verb} ${keyOf(at)}`)
    this.most = Math.max(this.most, ++this.#underWay)
    await new Promise((done) => setImmediate(done))
    this.#underWay--
    this.refuse(verb, at)
  }
}

export function forbidden(): never {
  throw new KubeError('forbidden', 'may not', { status: 403 })
}

function keyOf({ namespace, name }: ReportAddress): string {
  return `${namespace}/${name}`
}
