import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { groupOf } from '../kubernetes/workloads.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { Millis } from '../lib/units.ts'
import type { ListedKind, ListFailure, ObjectSource } from '../ports/objects.ts'
import type { Progress } from '../ports/runtime.ts'
import type { KubeApi } from './client.ts'
import { findKind } from './find-kind.ts'
import { isPassing, KubeError, type KubeFailure } from './kube-error.ts'
import { readPages } from './paged-list.ts'

/** Objects of the first page; later ones follow their size. */
const firstPage = 100
/** How often one page is asked for, and the wait before the second time, which doubles each time. Own choice. */
const attempts = 5
const firstWait: Millis = 500

/** All objects of a kind, page by page: however many there are, only one page is in memory. */
export class ObjectLists implements ObjectSource {
  readonly #api: KubeApi
  readonly #progress: Progress
  readonly #signal: AbortSignal
  readonly #firstWait: Millis
  /** Whether the API server has answered at least once; while it never did, we do not wait for it. */
  #hasAnswered = false

  /** `wait` is what is waited after the first failure of a page. */
  constructor(api: KubeApi, progress: Progress, signal: AbortSignal, wait: Millis = firstWait) {
    this.#api = api
    this.#progress = progress
    this.#signal = signal
    this.#firstWait = wait
  }

  async each(kinds: readonly ListedKind[], take: (object: JsonRecord) => void): Promise<readonly ListFailure[]> {
    const failures: ListFailure[] = []
    for (const kind of kinds) {
      const failure = await this.#readServed(kind, take)
      if (failure !== undefined) failures.push(failure)
    }
    return failures
  }

  /** By what the API server says of its groups, which any authenticated client may read (ClusterRole system:discovery). */
  async served(group: string, kind: string): Promise<ListedKind | ListFailure | undefined> {
    try {
      return await findKind(this.#api, group, kind, this.#signal)
    } catch (cause) {
      const error = KubeError.ofTransport(cause)
      if (error.failure === 'not-found') return undefined
      const listed: ListedKind = { kind, plural: kind, apiVersions: [] }
      return this.#failureOf(listed, `${group}/`, error, new Set([`/apis/${group}`]))
    }
  }

  /**
   * Reads the first version that is served. One whose own server does not answer (projectcalico.org behind an APIService) or
   * that may not be read is no reason to stop while another version has the same objects.
   */
  async #readServed(kind: ListedKind, take: (object: JsonRecord) => void): Promise<ListFailure | undefined> {
    let first: { readonly apiVersion: string; readonly error: KubeError } | undefined
    const refused = new Set<string>()
    let taken = 0
    const counted = (object: JsonRecord): void => {
      taken++
      take(object)
    }
    for (const apiVersion of kind.apiVersions) {
      try {
        await this.#readAll(kind, apiVersion, counted)
        return undefined
      } catch (cause) {
        const error = KubeError.ofTransport(cause)
        if (error.failure !== 'not-found') first ??= { apiVersion, error }
        if (error.failure === 'forbidden') refused.add(partOf(kind, apiVersion))
        // Read in part: another version would give the same objects again.
        if (taken > 0) break
      }
    }
    return first === undefined ? undefined : this.#failureOf(kind, first.apiVersion, first.error, refused)
  }

  async #readAll(listed: ListedKind, apiVersion: string, take: (object: JsonRecord) => void): Promise<void> {
    const { kind, plural, labelSelector } = listed
    let done = 0
    const onPage = (items: readonly unknown[], remaining: number | undefined): void => {
      // Items of a list do not say what they are.
      for (const item of items) if (isRecord(item)) take({ ...item, apiVersion, kind })
      done += items.length
      this.#hasAnswered = true
      this.#progress.step(plural, done, remaining === undefined ? undefined : done + remaining)
    }
    const again = async ({ failure, retryAfter }: KubeError, attempt: number): Promise<boolean> => {
      if (!isPassing(failure) || attempt >= attempts) return false
      if (failure === 'unreachable' && !this.#hasAnswered) return false
      await pause(retryAfter ?? this.#firstWait * 2 ** (attempt - 1), undefined, { signal: this.#signal })
      return true
    }
    const path = `${pathOf(apiVersion)}/${plural}`
    await readPages(this.#api, path, firstPage, this.#signal, onPage, { again, labelSelector })
  }

  /**
   * `refused` are all parts that may not be read. The API server refuses a call before it looks whether the group is served,
   * so a right on only one of the groups may be of no use. Throws ERR_CLUSTER_UNREACHABLE where the next kind would fail in
   * the same way.
   */
  #failureOf(listed: ListedKind, apiVersion: string, error: KubeError, refused: ReadonlySet<string>): ListFailure {
    const { failure, message } = error
    const part = partOf(listed, apiVersion)
    const isOfThisKind =
      ofOneKind.has(failure) || (ofOneServer.has(failure) && this.#hasAnswered && isCustom(apiVersion))
    if (!isOfThisKind) {
      throw new AppError('ERR_CLUSTER_UNREACHABLE', `${part} cannot be listed: ${message}`, { cause: error })
    }
    const advice = failure === 'forbidden' ? `; list on ${[...refused].join(' and ')} is needed` : ''
    return { part, kind: listed.kind, reason: failure, detail: `${message}${advice}` }
  }
}

const ofOneKind: ReadonlySet<KubeFailure> = new Set(['forbidden', 'expired', 'malformed'])
/** What the conversion webhook of a CRD that does not answer, or the server behind an APIService, leads to. */
const ofOneServer: ReadonlySet<KubeFailure> = new Set(['server-error', 'silent'])

/** Whether the API server asks somebody else for objects of this group. */
function isCustom(apiVersion: string): boolean {
  const group = groupOf(apiVersion)
  return group.includes('.') && !group.endsWith('.k8s.io')
}

function pathOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

/** As RBAC names it: `deployments.apps`. */
function partOf({ plural }: ListedKind, apiVersion: string): string {
  return apiVersion.includes('/') ? `${plural}.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : plural
}
