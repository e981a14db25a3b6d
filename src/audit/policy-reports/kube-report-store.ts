import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../../errors.ts'
import type { KubeApi } from '../../kube/client.ts'
import { isPassing, KubeError } from '../../kube/kube-error.ts'
import { isRecord } from '../../lib/json/shape.ts'
import type { Millis } from '../../lib/units.ts'
import type { ListFailure, ObjectSource, ReportAddress, ReportKind, ReportStore } from '../../ports/objects.ts'

/** Who owns the fields we write, and whose reports we look at. */
const reportManager = 'pidguard'
const labelSelector = `app.kubernetes.io/managed-by=${reportManager}`

/** Times that one call is made, and what is waited before the second, doubled each time. Own choice. */
const attempts = 4
const firstWait: Millis = 500

/** The groups that reports may be written in; the first replaces the other. */
const groups: readonly (readonly ReportKind[])[] = [
  [
    { apiVersion: 'openreports.io/v1alpha1', kind: 'Report', plural: 'reports', namespaced: true },
    { apiVersion: 'openreports.io/v1alpha1', kind: 'ClusterReport', plural: 'clusterreports', namespaced: false }
  ],
  [
    { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport', plural: 'policyreports', namespaced: true },
    {
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      kind: 'ClusterPolicyReport',
      plural: 'clusterpolicyreports',
      namespaced: false
    }
  ]
]

/** Reports at an API server. What fails for the moment is tried again; `wait` is what is waited after the first failure. */
export class KubeReportStore implements ReportStore {
  readonly #api: KubeApi
  readonly #objects: ObjectSource
  readonly #signal: AbortSignal
  readonly #firstWait: Millis

  /** `objects` lists what the same API server holds. */
  constructor(api: KubeApi, objects: ObjectSource, signal: AbortSignal, wait: Millis = firstWait) {
    this.#api = api
    this.#objects = objects
    this.#signal = signal
    this.#firstWait = wait
  }

  async kinds(): Promise<{ readonly current: readonly ReportKind[]; readonly replaced: readonly ReportKind[] }> {
    const served: (readonly ReportKind[])[] = []
    for (const kinds of groups) served.push(await this.#servedOf(kinds))
    const [current = [], ...replaced] = served.filter((kinds) => kinds.length > 0)
    return { current, replaced: replaced.flat() }
  }

  async list(
    { apiVersion, kind, plural }: ReportKind,
    take: (object: Record<string, unknown>) => void
  ): Promise<ListFailure | undefined> {
    try {
      const [failure] = await this.#objects.each([{ kind, plural, apiVersions: [apiVersion], labelSelector }], take)
      return failure
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      const reason = KubeError.ofTransport(error.cause).failure
      const part = `${plural}.${apiVersion.slice(0, apiVersion.indexOf('/'))}`
      return { part, kind, reason, detail: error.message }
    }
  }

  async apply(kind: ReportKind, at: ReportAddress, object: object): Promise<'written' | 'gone'> {
    try {
      await this.#stubbornly(pathOf(kind, at), {
        method: 'PATCH',
        // No other manager owns fields of our findings.
        query: { fieldManager: reportManager, force: true },
        contentType: 'application/apply-patch+yaml',
        body: object
      })
      return 'written'
    } catch (error) {
      if (isOfNamespace(error)) return 'gone'
      throw error
    }
  }

  async remove(kind: ReportKind, at: ReportAddress, uid: string): Promise<void> {
    try {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } }
      await this.#stubbornly(pathOf(kind, at), { method: 'DELETE', body })
    } catch (error) {
      // Gone, or replaced by a new report of the same name.
      if (error instanceof KubeError && (error.failure === 'not-found' || error.failure === 'conflict')) return
      throw error
    }
  }

  async #servedOf(kinds: readonly ReportKind[]): Promise<readonly ReportKind[]> {
    const [first] = kinds
    try {
      const answer = await this.#stubbornly(`/apis/${first?.apiVersion}`, {})
      const resources = isRecord(answer) && Array.isArray(answer['resources']) ? answer['resources'] : []
      const names = new Set(resources.filter(isRecord).map(({ name }) => name))
      return kinds.filter(({ plural }) => names.has(plural))
    } catch (error) {
      if (error instanceof KubeError && error.failure === 'not-found') return []
      throw error
    }
  }

  async #stubbornly(path: string, options: Parameters<KubeApi['call']>[1]): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#api.call(path, { ...options, signal: this.#signal })
      } catch (cause) {
        const error = KubeError.ofTransport(cause)
        if (!isPassing(error.failure) || attempt === attempts) throw error
        const wait = error.retryAfter ?? this.#firstWait * 2 ** (attempt - 1)
        await pause(wait, undefined, { signal: this.#signal })
      }
    }
  }
}

function pathOf({ apiVersion, plural }: ReportKind, { namespace, name }: ReportAddress): string {
  const within = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `/apis/${apiVersion}${within}/${plural}/${encodeURIComponent(name)}`
}

/**
 * Whether the namespace is what is missing: it is going (apiserver plugin/namespace/lifecycle answers 403 with these
 * words), or gone.
 */
function isOfNamespace(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false
  if (error.failure === 'forbidden') return error.message.includes('because it is being terminated')
  return error.failure === 'not-found' && error.message.startsWith('namespaces "')
}
