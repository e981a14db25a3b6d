import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Agent, request } from 'undici'
import type { ControlPlane } from './control-plane.ts'
import { forward } from './forwarder.ts'
import { freePorts } from './ports.ts'
import { type Exit, type RunningProgram, startProgram } from './processes.ts'
import { until } from './wait.ts'
import { type LogLine, readLog, sumOf } from './webhook.ts'

const root = resolve(import.meta.dirname, '../../..')
const namespace = 'pidguard-system'

/** A process of the installation: a replica of the webhook, or a controller. */
export interface Running {
  /** Of /metrics and the probes. */
  readonly probePort: number
  isReady(): Promise<boolean>
  /** Returns when it is. */
  ready(): Promise<void>
  logLines(): LogLine[]
  /** Sum over all series that begin so; undefined when there is none. */
  metric(name: string): Promise<number | undefined>
  /** Returns when a line with that message is there. */
  logged(message: string): Promise<void>
  /** SIGSTOP holds it still, SIGCONT lets it go on. */
  signal(signal: NodeJS.Signals): void
  /** Returns when it has ended by itself. */
  ended(): Promise<Exit>
  stop(signal?: NodeJS.Signals): Promise<Exit>
}

/** A replica of the webhook. */
export interface Replica extends Running {
  /** What it answers to an AdmissionReview that somebody sends it without an API server in between. */
  review(webhook: 'mutate' | 'validate', review: object): Promise<Review>
}

export interface Review {
  readonly allowed: boolean
  readonly status?: { readonly message: string }
  readonly warnings?: readonly string[]
}

export interface Installation {
  /** Applies the overlay again, as an upgrade and a GitOps controller do; `timeout` as for `install`. */
  apply(overlay?: Overlay, timeout?: number): Promise<void>
  /** Starts one replica of the webhook; ready only after `ready`, and that needs a controller, or one that ran before. */
  start(...args: string[]): Promise<Replica>
  /** Starts one controller. */
  startController(...args: string[]): Promise<Running>
  /** The same with the rights of the webhook's account, under which the leader of a version with one process ran. */
  startEarlierLeader(...args: string[]): Promise<Running>
  /** What the Deployments' pods read as their policy. */
  writePolicy(text: string): void
  /** A copy of the overlay's folder that a person could apply, adapted to this machine. */
  folder(overlay?: Overlay): string
}

/** `earlier`: strict, as the last version with one process and one account installed it. */
export type Overlay = 'observe' | 'default' | 'strict' | 'earlier'
export type Component =
  | 'bindings'
  | 'match-conditions'
  | 'node-taints'
  | 'audit'
  | 'policy-reports'
  | 'audit-reports'
  | 'own-rights'
  | 'calico-repair'
  | 'scheduler'

/**
 * Seconds that the API server waits for an answer, where a test says that no call passes by or that none fails. The
 * manifests give up sooner, and so they should; but a machine that stands still for a moment is not what is tested there.
 */
export const patience = 10

/**
 * The manifests as they are, but for two things: nothing runs the Deployments' pods here, so replicas are processes;
 * and the Service leads to them by name, since nothing routes cluster addresses on this machine. The API server calls
 * `pidguard.pidguard-system.svc` by clientConfig.service all the same, and each process has the rights of its
 * service account and no more. `timeout` is in place of the timeoutSeconds of every webhook.
 */
export async function install(
  plane: ControlPlane,
  overlay: Overlay = 'default',
  components: readonly Component[] = [],
  timeout?: number
): Promise<Installation> {
  const [servicePort = 0] = await freePorts(1)
  const processes = new Map<RunningProgram, { readonly admission: number | undefined; ready: boolean }>()
  const work = mkdtempSync(join(plane.folder, 'install-'))
  const policyFile = join(work, 'policy.yaml')
  // What kube-proxy does, for the name localhost, which may be either address.
  const service = await forward('localhost', servicePort, () =>
    [...processes.values()].flatMap(({ ready, admission }) =>
      ready && admission !== undefined ? [['127.0.0.1', admission] as const] : []
    )
  )
  plane.atStop(async () => service.stop())

  function folder(which: Overlay = overlay, within = timeout): string {
    const place = join(work, which)
    mkdirSync(place, { recursive: true })
    const ports = [
      { kind: 'MutatingWebhookConfiguration', webhooks: 2 },
      {
        kind: 'ValidatingWebhookConfiguration',
        webhooks: (which === 'strict' || which === 'earlier' ? 5 : 3) + Number(components.includes('bindings'))
      }
    ].map(({ kind, webhooks }) => ({
      target: { kind },
      patch: JSON.stringify(
        Array.from({ length: webhooks }, (_, index) => [
          { op: 'replace', path: `/webhooks/${index}/clientConfig/service/port`, value: servicePort },
          ...(within === undefined ? [] : [{ op: 'replace', path: `/webhooks/${index}/timeoutSeconds`, value: within }])
        ]).flat()
      )
    }))
    const external = [{ op: 'replace', path: '/spec', value: { type: 'ExternalName', externalName: 'localhost' } }]
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [
        relative(place, join(root, which === 'earlier' ? 'test/fixtures/upgrade' : `manifests/overlays/${which}`))
      ],
      components: components.map((name) => relative(place, join(root, 'manifests/components', name))),
      patches: [{ target: { kind: 'Service' }, patch: JSON.stringify(external) }, ...ports]
    }
    writeFileSync(join(place, 'kustomization.yaml'), JSON.stringify(kustomization))
    return place
  }

  async function apply(which: Overlay = overlay, within = timeout): Promise<void> {
    await plane.kubectl.ok(['apply', '--kustomize', folder(which, within)])
    const text = await plane.kubectl.ok([
      'get',
      'configmap/pidguard-policy',
      `--namespace=${namespace}`,
      '--output=jsonpath={.data.policy\\.yaml}'
    ])
    writeFileSync(policyFile, text)
  }

  await apply()

  /** `account`: whose rights it has. */
  async function launch(verb: 'serve' | 'controller', account: string, args: readonly string[]) {
    const [admission = 0, probes = 0] = await freePorts(2)
    const home = mkdtempSync(join(work, `${verb}-`))
    const logFile = join(home, 'log')
    const kubeconfig = join(home, 'kubeconfig')
    writeFileSync(kubeconfig, JSON.stringify(await kubeconfigOf(plane, account)))
    const running = await startProgram({
      program: process.execPath,
      args: [
        join(root, 'dist/main.js'),
        verb,
        ...(verb === 'serve' ? [`--port=${admission}`, '--drain=1'] : []),
        '--cert-secret=pidguard-tls',
        '--kubelet-service-account=pidguard-kubelet',
        `--policy=${policyFile}`,
        `--probe-port=${probes}`,
        '--host=127.0.0.1',
        '--log-level=debug',
        `--kubeconfig=${kubeconfig}`,
        ...args
      ],
      logFile,
      cwd: home
    })
    const entry = { admission: verb === 'serve' ? admission : undefined, ready: false }
    processes.set(running, entry)
    async function isReady(): Promise<boolean> {
      try {
        const { statusCode, body } = await request(`http://127.0.0.1:${probes}/readyz`)
        await body.dump()
        return statusCode === 200
      } catch {
        return false
      }
    }
    // The kubelet's readiness probe, and the endpoints that follow it.
    const probing = setInterval(async () => {
      entry.ready = running.exit() === undefined && (await isReady())
    }, 100)
    plane.atStop(async () => {
      clearInterval(probing)
      if (running.exit() === undefined) await running.stop('SIGKILL')
    })
    const program: Running = {
      probePort: probes,
      isReady,
      async ready() {
        await until(`a ready ${verb} (${logFile})`, () => entry.ready)
      },
      logLines: () => readLog(logFile),
      async metric(name) {
        const { body } = await request(`http://127.0.0.1:${probes}/metrics`)
        return sumOf(name, await body.text())
      },
      async logged(message) {
        await until(`${JSON.stringify(message)} in the log`, () => readLog(logFile).some(({ msg }) => msg === message))
      },
      signal: (signal) => running.signal(signal),
      async ended() {
        const exit = await until('its end', () => running.exit())
        clearInterval(probing)
        processes.delete(running)
        return exit
      },
      async stop(signal = 'SIGTERM') {
        const exit = await running.stop(signal)
        clearInterval(probing)
        processes.delete(running)
        return exit
      }
    }
    return { process: program, admission }
  }

  return {
    apply,
    folder: (which) => folder(which),
    writePolicy: (text) => writeFileSync(policyFile, text),
    startController: async (...args) => (await launch('controller', 'pidguard-controller', args)).process,
    startEarlierLeader: async (...args) => (await launch('controller', 'pidguard', args)).process,
    async start(...args) {
      const { process: replica, admission } = await launch('serve', 'pidguard', args)
      return {
        ...replica,
        async review(webhook, review) {
          // The certificate is for the name of the Service; who asks here knows whom he asks.
          const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
          try {
            const { body } = await request(`https://127.0.0.1:${admission}/${webhook}?timeout=3s`, {
              method: 'POST',
              dispatcher,
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(review)
            })
            return ((await body.json()) as { response: Review }).response
          } finally {
            await dispatcher.destroy()
          }
        }
      }
    }
  }
}

/** The rights of an installed service account, by a token as the kubelet would mount it. */
async function kubeconfigOf(plane: ControlPlane, account: string): Promise<object> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  const { status, body } = await plane.api.post(path, request)
  if (status !== 201) throw new Error(`token: ${body.message}`)
  const cluster = { server: plane.url, 'certificate-authority': join(plane.folder, 'ca.crt') }
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'pidguard', user: { token: body.status?.token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'pidguard', namespace } }],
    'current-context': 'e2e'
  }
}

/** What the Secret of the serving certificate holds. */
export async function secretData(plane: ControlPlane): Promise<Record<string, string>> {
  const { data } = await held<{ data: Record<string, string> }>(plane, 'secret/pidguard-tls')
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')])
  )
}

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

/** One entry for each webhook. */
export async function caBundles(plane: ControlPlane): Promise<string[]> {
  const bundles: string[] = []
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
    const { webhooks } = await held<Configuration>(plane, `${kind}/pidguard`)
    bundles.push(...webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString()))
  }
  return bundles
}

async function held<T>({ kubectl }: ControlPlane, name: string): Promise<T> {
  return JSON.parse(await kubectl.ok(['get', name, `--namespace=${namespace}`, '--output=json']))
}
