import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiClient } from './api-client.ts'
import { type Asset, findAssets } from './assets.ts'
import { Kubectl } from './kubectl.ts'
import { type Authority, createAuthority, createSigningKey } from './pki.ts'
import { freePorts } from './ports.ts'
import { logTail, makeFolder, type RunningProgram, removeFolder, startProgram } from './processes.ts'
import { type Feature, makesTokenSecrets, settingsFor, type Version, versionOf } from './versions.ts'
import { until } from './wait.ts'

export interface ControlPlaneOptions {
  /** Also start kube-controller-manager, which makes pods of workloads and service accounts of namespaces. */
  readonly controllers?: boolean
  readonly scheduler?: boolean
  /** The minor version that kube-apiserver behaves like; itself must be newer, from v1.31 on. */
  readonly emulates?: number
  /** What is off by default, and is turned on where this version has it. */
  readonly features?: readonly Feature[]
  /** More flags of kube-apiserver, without the dashes; a path is absolute. */
  readonly flags?: Readonly<Record<string, string>>
  /** More flags of the other two, without the dashes. */
  readonly controllerFlags?: Readonly<Record<string, string>>
  readonly schedulerFlags?: Readonly<Record<string, string>>
}

/** One line of the API server's audit log, as far as tests look at it: all writes, and what pidguard lists. */
export interface AuditEvent {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly requestReceivedTimestamp: string
  readonly objectRef?: { readonly resource: string; readonly namespace?: string; readonly name?: string }
  readonly annotations?: Readonly<Record<string, string>>
}

export interface ControlPlane {
  /** Holds everything the control plane writes; gone after `stop`. */
  readonly folder: string
  readonly url: string
  /** What kube-apiserver says it is. */
  readonly version: Version
  /** Base URL of etcd, without TLS. */
  readonly etcd: string
  readonly kubectl: Kubectl
  readonly api: ApiClient
  readonly controllers: boolean
  /** Of the cluster: what pods find as ca.crt beside their token. */
  readonly authority: Authority
  /** What the program has written so far. */
  log(name: Asset): string
  /** Processes of pidguard that run against it, and those that have ended and were not told to. */
  readonly programs: Set<RunningProgram>
  auditEvents(): AuditEvent[]
  /** Ready for pods when it returns: for those that Pod Security calls restricted, unless the labels say otherwise. */
  createNamespace(name: string, labels?: Record<string, string>): Promise<void>
  /** Ends the API server without notice and starts it anew; ready for calls when it returns. `meanwhile` runs without it. */
  restartApiServer(meanwhile?: () => Promise<void>): Promise<void>
  /** Holds etcd still for `still` milliseconds, as a disk does that takes no writes; it runs on when this returns. */
  holdEtcd(still: number): Promise<void>
  /** Called by `stop`, before the control plane goes. */
  atStop(end: () => Promise<void>): void
  stop(): Promise<void>
}

const token = 'an-administrator-of-this-test-only'

const accounts = ['pidguard', 'pidguard-controller'].map((name) => `system:serviceaccount:pidguard-system:${name}`)

/** Metadata of every write: enough to read the annotations that admission left. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete'] },
    { level: 'Metadata', verbs: ['list'], users: accounts },
    { level: 'None' }
  ]
}

/** A real etcd and kube-apiserver on loopback, ready for calls when it returns. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const found = findAssets(process.env)
  if ('missing' in found) throw new Error(found.missing)
  const folder = makeFolder('pidguard-e2e-')
  const running = new Map<string, RunningProgram>()
  async function stop(): Promise<void> {
    // Their data is thrown away with the folder, so there is nothing that a gentle end would save.
    for (const program of [...running.values()].reverse()) await program.stop('SIGKILL')
    removeFolder(folder)
  }
  try {
    return await startIn(folder, found.programs, running, options, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startIn(
  folder: string,
  programs: ReadonlyMap<Asset, string>,
  running: Map<string, RunningProgram>,
  options: ControlPlaneOptions,
  stop: () => Promise<void>
): Promise<ControlPlane> {
  const [etcd = 0, peer = 0, secure = 0] = await freePorts(3)
  const url = `https://127.0.0.1:${secure}`
  const version = versionOf(programs.get('kube-apiserver') ?? 'kube-apiserver')
  const { features = [] } = options
  const authority = await writeFiles(folder, url)
  const kubeconfig = join(folder, 'kubeconfig')
  async function start(name: Asset, args: Record<string, string | number | boolean>): Promise<void> {
    const program = programs.get(name) ?? name
    const flags = Object.entries(args).map(([flag, value]) => `--${flag}=${value}`)
    running.set(name, await startProgram({ program, args: flags, logFile: join(folder, `${name}.log`), cwd: folder }))
  }
  async function ready(name: Asset, isReady: () => Promise<boolean>): Promise<void> {
    const program = running.get(name)
    await until(`${name} ready`, async () => {
      if (program?.exit() !== undefined) throw new Error(`${name} ended:\n${logTail(program.logFile)}`)
      return isReady().catch(() => false)
    }).catch((error) => {
      throw new Error(`${name} did not come up:\n${logTail(join(folder, `${name}.log`))}`, { cause: error })
    })
  }

  await start('etcd', {
    'data-dir': join(folder, 'etcd'),
    'unsafe-no-fsync': true,
    'listen-client-urls': `http://127.0.0.1:${etcd}`,
    'advertise-client-urls': `http://127.0.0.1:${etcd}`,
    'listen-peer-urls': `http://127.0.0.1:${peer}`,
    'initial-advertise-peer-urls': `http://127.0.0.1:${peer}`,
    'initial-cluster': `default=http://127.0.0.1:${peer}`
  })
  const apiServer = {
    'etcd-servers': `http://127.0.0.1:${etcd}`,
    'secure-port': secure,
    'bind-address': '127.0.0.1',
    'advertise-address': '127.0.0.1',
    'endpoint-reconciler-type': 'none', // no version takes loopback for an endpoint, and newer ones end
    'tls-cert-file': 'server.crt',
    'tls-private-key-file': 'server.key',
    'token-auth-file': 'tokens.csv',
    'service-account-key-file': 'sa.key',
    'service-account-signing-key-file': 'sa.key',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-cluster-ip-range': '10.0.0.0/24',
    'authorization-mode': 'RBAC',
    'allow-privileged': true, // Calico
    'audit-policy-file': 'audit-policy.json',
    'audit-log-path': 'audit.log',
    // Pods need a service account and its token, which the controller manager makes.
    ...(options.controllers === true ? {} : { 'disable-admission-plugins': 'ServiceAccount' }),
    ...(options.emulates === undefined ? {} : { 'emulated-version': `1.${options.emulates}` }),
    ...settingsFor('kube-apiserver', version, features).flags,
    ...options.flags
  }
  await start('kube-apiserver', apiServer)
  const api = new ApiClient(url, authority.certificate, token)
  const kubectl = new Kubectl(programs.get('kubectl') ?? 'kubectl', kubeconfig, join(folder, 'home'))
  await ready('kube-apiserver', async () => (await api.get('/readyz')).status === 200)

  const client = { kubeconfig, 'authentication-kubeconfig': kubeconfig, 'authorization-kubeconfig': kubeconfig }
  // Nobody asks them anything. A port that was free a moment ago may be taken, and then they end, which nobody would see.
  const local = { 'secure-port': 0, 'leader-elect': false }
  async function hasServiceAccount(namespace: string): Promise<boolean> {
    const { status, body } = await api.get(`/api/v1/namespaces/${namespace}/serviceaccounts/default`)
    return status === 200 && (!makesTokenSecrets(version) || (body.secrets ?? []).length > 0)
  }
  if (options.controllers === true) {
    await start('kube-controller-manager', {
      ...client,
      ...local,
      'node-monitor-grace-period': '1h', // nodes of tests are objects without a heartbeat
      'service-account-private-key-file': 'sa.key',
      'root-ca-file': 'ca.crt',
      ...settingsFor('kube-controller-manager', version, features).flags,
      ...options.controllerFlags
    })
  }
  if (options.scheduler === true) {
    const own = settingsFor('kube-scheduler', version, features).flags
    await start('kube-scheduler', { ...client, ...local, ...own, ...options.schedulerFlags })
  }
  if (options.controllers === true) await ready('kube-controller-manager', () => hasServiceAccount('default'))

  const ends: (() => Promise<void>)[] = []
  return {
    folder,
    url,
    version,
    etcd: `http://127.0.0.1:${etcd}`,
    kubectl,
    api,
    controllers: options.controllers === true,
    authority,
    programs: new Set(),
    log: (name) => readFileSync(join(folder, `${name}.log`), 'utf8'),
    auditEvents: () => completeLines(join(folder, 'audit.log')).map((line) => JSON.parse(line)),
    async createNamespace(name, labels = {}) {
      const metadata = { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted', ...labels } }
      const { status, body } = await api.post('/api/v1/namespaces', { metadata })
      if (status !== 201) throw new Error(`namespace ${name}: ${body.message}`)
      if (options.controllers === true) await until(`the service account of ${name}`, () => hasServiceAccount(name))
    },
    async restartApiServer(meanwhile) {
      await running.get('kube-apiserver')?.stop('SIGKILL')
      await meanwhile?.()
      await start('kube-apiserver', apiServer)
      await ready('kube-apiserver', async () => (await api.get('/readyz')).status === 200)
    },
    async holdEtcd(still) {
      running.get('etcd')?.signal('SIGSTOP')
      await sleep(still)
      running.get('etcd')?.signal('SIGCONT')
    },
    atStop: (end) => void ends.push(end),
    async stop() {
      for (const end of ends) await end()
      await api.close()
      await stop()
    }
  }
}

/** The last line may still be in the making. */
function completeLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1)
}

/** Keys, tokens and settings; returns the authority. */
async function writeFiles(folder: string, url: string): Promise<Authority> {
  const authority = await createAuthority('e2e-kubernetes')
  const names = ['127.0.0.1', '10.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
  const server = await authority.issue('kube-apiserver', names)
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: { server: url, 'certificate-authority': join(folder, 'ca.crt') } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'admin' } }],
    'current-context': 'e2e'
  }
  const files = {
    'ca.crt': authority.certificate,
    'server.crt': server.certificate,
    'server.key': server.key,
    'sa.key': createSigningKey(),
    'tokens.csv': `${token},admin,admin,"system:masters"\n`,
    'audit-policy.json': JSON.stringify(auditPolicy),
    kubeconfig: JSON.stringify(kubeconfig)
  }
  mkdirSync(join(folder, 'home'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 })
  return authority
}
