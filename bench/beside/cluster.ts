// A real control plane with nodes of kwok and pidguard with the component `scheduler` or `guard`, for programs that run beside it.
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { startControlPlane } from '../../test/e2e/support/control-plane.ts'
import { restricted } from '../../test/e2e/support/objects.ts'
import { until, untilIs } from '../../test/e2e/support/wait.ts'
import { Fleet } from '../kwok/fleet.ts'

export const namespace = 'beside'
export const resource = 'pidguard.io/pids'

export interface Claim {
  readonly says: string
  readonly holds: boolean
  readonly seen: string
}

/** What was claimed, and whether it was so. */
export class Claims {
  readonly #claims: Claim[] = []

  check(says: string, found: unknown, wanted: unknown): void {
    const [seen, want] = [JSON.stringify(found), JSON.stringify(wanted)]
    this.#say({ says, holds: seen === want, seen: seen === want ? seen : `${seen}, wanted ${want}` })
  }

  /** Looks until it is so. */
  async wait<T>(says: string, look: () => Promise<T> | T, wanted: T): Promise<void> {
    try {
      await untilIs(says, look, wanted)
      this.#say({ says, holds: true, seen: JSON.stringify(wanted) })
    } catch (error) {
      this.#say({ says, holds: false, seen: (error as Error).message })
    }
  }

  #say(claim: Claim): void {
    this.#claims.push(claim)
    console.log(`${claim.holds ? 'ok    ' : 'NOT SO'} ${claim.says}: ${claim.seen}`)
  }

  /** Exit code. */
  end(): 0 | 1 {
    const wrong = this.#claims.filter(({ holds }) => !holds).length
    console.log(`${this.#claims.length - wrong} claims hold, ${wrong} do not`)
    return wrong === 0 ? 0 : 1
  }
}

export interface ApiPod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly nodeName?: string
    readonly schedulingGates?: readonly object[]
    readonly containers: readonly { readonly resources: { readonly requests?: Readonly<Record<string, string>> } }[]
  }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[]
  }
}

/** Pods of the namespace, by a label of app. */
export async function podsOf({ api }: ControlPlane, app?: string): Promise<ApiPod[]> {
  const pods = await api.list<ApiPod>('pods', namespace, '')
  return pods.filter(({ metadata: { labels } }) => app === undefined || labels?.['app'] === app)
}

/** Kubelets that say that each running pod of the namespace holds what it declares. */
export function startFleet(plane: ControlPlane): Fleet {
  let pods: readonly ApiPod[] = []
  const timer = setInterval(() => {
    void podsOf(plane)
      .then((found) => {
        pods = found
      })
      .catch(() => {})
  }, 1_000)
  plane.atStop(async () => clearInterval(timer))
  return new Fleet(plane, ({ name }) => {
    const held = pods
      .filter(({ spec, status }) => spec.nodeName === name && status.phase === 'Running')
      .map((pod) => [pod.metadata.uid, Number(requestOf(pod) ?? pod.metadata.annotations?.[resource] ?? 0)] as const)
    return { inUse: held.reduce((sum, [, tasks]) => sum + tasks, 0), pods: held }
  })
}

export function requestOf(pod: ApiPod): string | undefined {
  return pod.spec.containers[0]?.resources.requests?.[resource]
}

export interface PidsOfTemplate {
  readonly annotation?: number
  /** Request and limit. */
  readonly request?: number
  readonly cpu?: string
}

export function templateOf(app: string, pids: PidsOfTemplate, more: object = {}): object {
  const own = pids.request === undefined ? {} : { [resource]: String(pids.request) }
  const requests = { cpu: pids.cpu ?? '50m', memory: '64Mi', ...own }
  return {
    metadata: {
      labels: { app },
      ...(pids.annotation === undefined ? {} : { annotations: { [resource]: String(pids.annotation) } })
    },
    spec: restricted([{ name: 'app', image: 'example.com/app:1', resources: { requests, limits: own } }], {
      automountServiceAccountToken: false,
      ...more
    })
  }
}

/** Returns when a new pod gets a request: the webhook knows what all nodes offer. */
export async function untilRequests({ api }: ControlPlane): Promise<void> {
  const { metadata, spec } = templateOf('try', { annotation: 1 }) as { metadata: object; spec: object }
  const pod = { metadata: { ...metadata, name: 'try', namespace }, spec }
  await until('requests of new pods', async () => {
    const { body } = await api.post(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
    return requestOf(body as unknown as ApiPod) !== undefined
  })
}

export function startPlane(): Promise<ControlPlane> {
  return startControlPlane({ controllers: true, scheduler: true })
}

export async function make({ api }: ControlPlane, path: string, object: object): Promise<void> {
  const { status, body } = await api.post(path, object)
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${body.message}`)
}

export async function read<T>({ api }: ControlPlane, path: string): Promise<T> {
  const { status, body } = await api.get(path)
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.message}`)
  return body as T
}

export async function change({ api }: ControlPlane, path: string, merged: object): Promise<void> {
  const { status, body } = await api.send('PATCH', path, merged, 'application/merge-patch+json')
  if (status !== 200) throw new Error(`PATCH ${path}: ${status} ${body.message}`)
}

export async function remove({ api }: ControlPlane, path: string): Promise<void> {
  const { status, body } = await api.send('DELETE', path, { propagationPolicy: 'Background' })
  if (status >= 300) throw new Error(`DELETE ${path}: ${status} ${body.message}`)
}
