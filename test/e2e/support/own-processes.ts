// What kubelets and kube-proxy do for an installation, with processes in the place of containers.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Agent, request } from 'undici'
import type { ControlPlane } from './control-plane.ts'
import { forward } from './forwarder.ts'
import { freePorts } from './ports.ts'
import { type Exit, logTail, type RunningProgram, startProgram } from './processes.ts'
import { type Saw, until } from './wait.ts'
import { type LogLine, readLog, sumOf } from './webhook.ts'

const root = resolve(import.meta.dirname, '../../..')
export const namespace = 'pidguard-system'

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
  /** How it is, and its last lines: for a wait that it keeps waiting. */
  saw: Saw
  hasEnded(): boolean
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

/** Processes with the rights of the installed accounts, and the way that the API server calls them. */
export interface OwnProcesses {
  /** Holds what they write; gone with the control plane. */
  readonly folder: string
  /** Of `localhost`; leads to a replica that is ready, as the Service would. */
  readonly servicePort: number
  /** The same for the Service of the one writer of the component `guard`. */
  readonly guardPort: number
  /** Starts one replica of the webhook; ready only after `ready`, and that needs a controller, or one that ran before. */
  start(...args: string[]): Promise<Replica>
  /** Starts the one writer of the component `guard`. */
  startGuard(...args: string[]): Promise<Running>
  /** Starts one controller. */
  startController(...args: string[]): Promise<Running>
  /** The same with the rights of the webhook's account, under which the leader of a version with one process ran. */
  startEarlierLeader(...args: string[]): Promise<Running>
  /** A replica of another version, with the options that its Deployment has. */
  startOther(main: string, ...args: string[]): Promise<Running>
  /** What the Deployments' pods read as their policy. */
  writePolicy(text: string): void
  /** Gives them that of the ConfigMap, as a kubelet does after a minute. */
  mountPolicy(): Promise<void>
}

/** Where a Service may lead. */
interface Endpoint {
  /** undefined: a controller, which no Service leads to. */
  readonly admission: number | undefined
  readonly isGuard: boolean
  ready: boolean
}

export async function ownProcesses(plane: ControlPlane): Promise<OwnProcesses> {
  const [servicePort = 0, guardPort = 0] = await freePorts(2)
  const processes = new Map<RunningProgram, Endpoint>()
  const work = mkdtempSync(join(plane.folder, 'install-'))
  const policyFile = join(work, 'policy.yaml')
  // What kube-proxy does, for the name localhost, which may be either address.
  for (const [port, ofGuard] of [
    [servicePort, false],
    [guardPort, true]
  ] as const) {
    const service = await forward('localhost', port, () =>
      [...processes.values()].flatMap(({ ready, admission, isGuard }) =>
        ready && admission !== undefined && isGuard === ofGuard ? [['127.0.0.1', admission] as const] : []
      )
    )
    plane.atStop(async () => service.stop())
  }

  /** `wx`: what a test has written meanwhile stays. */
  async function mountPolicy(flag: 'w' | 'wx' = 'w'): Promise<void> {
    const own = ['configmap/pidguard-policy', `--namespace=${namespace}`]
    const text = await plane.kubectl.ok(['get', ...own, '--output=jsonpath={.data.policy\\.yaml}'])
    writeFileSync(policyFile, text, { flag })
  }

  /** `account`: whose rights it has. `main`: the built program. */
  async function launch(
    verb: 'serve' | 'controller',
    account: string,
    args: readonly string[],
    main = join(root, 'dist/main.js')
  ) {
    // A container waits for its volume.
    await until(
      'the ConfigMap',
      () =>
        existsSync(policyFile) ||
        mountPolicy('wx')
          .catch(() => {})
          .then(() => existsSync(policyFile))
    )
    const [admission = 0, probes = 0] = await freePorts(2)
    const isGuard = args.includes('--sole-writer')
    const home = mkdtempSync(join(work, `${isGuard ? 'guard' : verb}-`))
    const logFile = join(home, 'log')
    const kubeconfig = join(home, 'kubeconfig')
    writeFileSync(kubeconfig, JSON.stringify(await kubeconfigOf(plane, account)))
    const running = await startProgram({
      program: process.execPath,
      args: [
        main,
        verb,
        ...(verb === 'serve' ? [`--port=${admission}`, '--drain=1'] : []),
        '--cert-secret=pidguard-tls',
        ...(main === join(root, 'dist/main.js') ? ['--kubelet-service-account=pidguard-kubelet'] : []),
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
    const entry: Endpoint = { admission: verb === 'serve' ? admission : undefined, isGuard, ready: false }
    processes.set(running, entry)
    plane.programs.add(running)
    function forget(): void {
      clearInterval(probing)
      processes.delete(running)
      plane.programs.delete(running)
    }
    function saw(): string {
      const exit = running.exit()
      const state = exit === undefined ? 'runs' : `has ended with ${JSON.stringify(exit)}`
      return `the ${verb} ${state}; the end of its log:\n${logTail(logFile)}`
    }
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
        await until(
          `a ready ${verb}`,
          () => {
            if (running.exit() !== undefined) throw new Error(`a ready ${verb}: it has ended`)
            return entry.ready
          },
          undefined,
          saw
        )
      },
      logLines: () => readLog(logFile),
      async metric(name) {
        const { body } = await request(`http://127.0.0.1:${probes}/metrics`)
        return sumOf(name, await body.text())
      },
      async logged(message) {
        const isThere = () => readLog(logFile).some(({ msg }) => msg === message)
        await until(`${JSON.stringify(message)} in the log`, isThere, undefined, saw)
      },
      saw,
      signal: (signal) => running.signal(signal),
      hasEnded: () => running.exit() !== undefined,
      async ended() {
        const exit = await until('its end', () => running.exit(), undefined, saw)
        forget()
        return exit
      },
      async stop(signal = 'SIGTERM') {
        const exit = await running.stop(signal)
        forget()
        return exit
      }
    }
    return { process: program, admission }
  }

  return {
    folder: work,
    servicePort,
    guardPort,
    writePolicy: (text) => writeFileSync(policyFile, text),
    mountPolicy,
    startController: async (...args) => (await launch('controller', 'pidguard-controller', args)).process,
    startGuard: async (...args) => (await launch('serve', 'pidguard', ['--sole-writer', ...args])).process,
    startOther: async (main, ...args) => (await launch('serve', 'pidguard', args, main)).process,
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
export async function kubeconfigOf(plane: ControlPlane, account: string): Promise<object> {
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
