import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { delimiter, join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'
import { compileThreads, writeImage } from './image.ts'
import { networkOf, removeCgroup, removeLogs, removeNetworks, unmountBelow } from './node-leftovers.ts'
import { type Authority, createAuthority } from './pki.ts'
import { podNetwork } from './pod-network.ts'
import { freePorts } from './ports.ts'
import { logTail, startProgram } from './processes.ts'
import { lackingPrograms } from './programs.ts'
import { quietly } from './quietly.ts'
import { type Feature, settingsFor, versionOf } from './versions.ts'
import { until } from './wait.ts'

export interface RealNode {
  readonly name: string
  /** The node's InternalIP, where its kubelet listens. */
  readonly address: string
  readonly port: number
  /** A file with the authority of the kubelet's serving certificate, PEM. */
  readonly authority: string
  /** What its kubelet has logged. */
  readonly kubeletLog: string
  /** The pids cgroup of all pods of this node, as a folder. */
  readonly kubepods: string
  /** Makes the images of an archive known to the node, for containers to run from. */
  importImages(archive: string): void
  /** Ends the kubelet and starts it again, as an upgrade does; returns when the node is ready again. Containers go on. */
  restartKubelet(): Promise<void>
  /** Addresses that its pods have now, from before their first container starts. */
  podAddresses(): string[]
  stop(): Promise<void>
}

interface NodeCondition {
  readonly reason: string
  readonly lastHeartbeatTime: string
}

/** Holds as many threads as env THREADS says. */
const threadsImage = 'example.com/threads:1'

/** A container that holds so many threads. */
export function threadsContainer(threads: number) {
  return {
    name: 'app',
    image: threadsImage,
    imagePullPolicy: 'Never',
    env: [{ name: 'THREADS', value: String(threads) }],
    resources: { requests: { cpu: '10m', memory: '16Mi' } }
  }
}

const cgroups = '/sys/fs/cgroup'
const cniFolder = '/usr/lib/cni'

/** What is missing for a real node, in words; undefined when nothing is. */
export function missingForNode(env: NodeJS.ProcessEnv): string | undefined {
  if (process.getuid?.() !== 0) return 'not root'
  const programs = ['kubelet', 'containerd', 'runc', 'ctr', 'gcc', 'ip', 'iptables']
  const lacking = lackingPrograms(programs, env, [env.KUBEBUILDER_ASSETS ?? '', '/sbin', '/usr/sbin'])
  if (!existsSync(join(cniFolder, 'ptp'))) lacking.push('containernetworking-plugins')
  if (lacking.length > 0) return `no ${lacking.join(', ')}`
  return existsSync(join(cgroups, 'pids')) ? undefined : 'no cgroup v1 pids controller at /sys/fs/cgroup/pids'
}

/**
 * A real kubelet with containerd. Its cgroups are its own, so another kubelet on this machine is not touched.
 * `authority` signs its serving certificate; by default one that nobody knows, as kubeadm does. `config`: more of the
 * kubelet's configuration.
 */
export async function startNode(
  plane: ControlPlane,
  {
    name = 'node-a',
    authority: given,
    features = [],
    dropIn,
    config = {}
  }: {
    readonly name?: string
    readonly authority?: Authority
    readonly features?: readonly Feature[]
    /** A file for the `--config-dir` of the kubelet: its settings go before those of the test. */
    readonly dropIn?: string
    readonly config?: object
  } = {}
): Promise<RealNode> {
  const folder = join(plane.folder, name)
  mkdirSync(join(folder, 'cni'), { recursive: true })
  const [port = 0, healthz = 0] = await freePorts(2)
  // A kubelet refuses loopback addresses (validateNodeIP), but not others of the loopback interface (TEST-NET-2).
  const address = `198.51.100.${1 + (process.pid % 254)}`
  quietly(() => execFileSync('ip', ['address', 'add', `${address}/32`, 'dev', 'lo'], { stdio: 'ignore' }))
  const authority = given ?? (await createAuthority('e2e-kubelets'))
  const serving = await authority.issue(name, [address])
  writeFileSync(join(folder, 'kubelet-ca.crt'), authority.certificate)
  writeFileSync(join(folder, 'kubelet.crt'), serving.certificate)
  writeFileSync(join(folder, 'kubelet.key'), serving.key, { mode: 0o600 })
  const root = `/pidguard-e2e-${process.pid}`
  for (const controller of controllers()) mkdirSync(join(cgroups, controller, root), { recursive: true })
  const socket = join(folder, 'containerd.sock')
  // The assets may hold a runtime of their own, with its shim; Debian's is older than what newer kubelets speak to.
  const env = { ...process.env, PATH: [process.env.KUBEBUILDER_ASSETS, process.env.PATH].join(delimiter) }
  const kubeletProgram = join(process.env.KUBEBUILDER_ASSETS ?? '', 'kubelet')
  const settings = settingsFor('kubelet', versionOf(kubeletProgram), features)
  writeFileSync(join(folder, 'containerd.toml'), containerdSettings(folder, socket))
  writeFileSync(join(folder, 'cni', '10-pods.conflist'), JSON.stringify(podNetwork(folder)))
  writeFileSync(
    join(folder, 'kubelet.json'),
    JSON.stringify({ ...kubeletSettings(plane, folder, root, address, port, healthz), ...settings.config, ...config })
  )
  const dropIns = join(folder, 'kubelet.conf.d')
  mkdirSync(dropIns)
  if (dropIn !== undefined) writeFileSync(join(dropIns, '90-drop-in.conf'), dropIn)

  const ctr = (...args: string[]) =>
    execFileSync('ctr', ['-a', socket, '-n', 'k8s.io', ...args], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', 'pipe', 'ignore']
    })
  const start = (program: string, args: string[]) =>
    startProgram({
      program,
      args,
      logFile: join(folder, `${program.split('/').at(-1)}.log`),
      cwd: folder,
      env
    })
  const containerd = await start('containerd', ['-c', join(folder, 'containerd.toml')])
  await until('containerd', () => quietly(() => ctr('version')))
  ctr('images', 'import', writeImage(folder, threadsImage, compileThreads(folder)))
  const kubeletArgs = [
    `--kubeconfig=${join(plane.folder, 'kubeconfig')}`,
    `--config=${join(folder, 'kubelet.json')}`,
    ...(dropIn === undefined ? [] : [`--config-dir=${dropIns}`]),
    `--root-dir=${join(folder, 'kubelet')}`,
    `--cert-dir=${join(folder, 'pki')}`,
    `--container-runtime-endpoint=unix://${socket}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
    ...Object.entries(settings.flags).map(([flag, value]) => `--${flag}=${value}`)
  ]
  let kubelet = await start(kubeletProgram, kubeletArgs)

  async function stop(): Promise<void> {
    await kubelet.stop()
    const tasks = lines(() => ctr('tasks', 'ls', '-q'))
    for (const task of tasks) quietly(() => ctr('tasks', 'kill', '-s', 'SIGKILL', task))
    await until('the tasks to end', () => {
      for (const task of lines(() => ctr('tasks', 'ls', '-q'))) quietly(() => ctr('tasks', 'rm', '-f', task))
      return lines(() => ctr('tasks', 'ls', '-q')).length === 0
    })
    const containers = lines(() => ctr('containers', 'ls', '-q'))
    const networks = new Set(containers.flatMap((id) => networkOf(() => ctr('containers', 'info', id))))
    for (const container of containers) quietly(() => ctr('containers', 'rm', container))
    await containerd.stop()
    removeNetworks(networks, containers)
    removeLogs(kubelet.logFile)
    unmountBelow(folder)
    // Also of the hierarchies that the kubelet found by itself.
    for (const hierarchy of readdirSync(cgroups)) removeCgroup(join(cgroups, hierarchy, root))
    quietly(() => execFileSync('ip', ['address', 'del', `${address}/32`, 'dev', 'lo'], { stdio: 'ignore' }))
  }

  /** `since`: a Ready condition from before does not count. */
  async function ready(since = 0): Promise<void> {
    await until(
      `${name} ready`,
      async () => {
        if (kubelet.exit() !== undefined) throw new Error(`kubelet ended with ${JSON.stringify(kubelet.exit())}`)
        const { body } = await plane.api.get(`/api/v1/nodes/${name}`)
        const { conditions = [] } = (body as { status?: { conditions?: readonly NodeCondition[] } }).status ?? {}
        return conditions.some(
          ({ reason, lastHeartbeatTime }) => reason === 'KubeletReady' && Date.parse(lastHeartbeatTime) >= since
        )
      },
      120_000,
      () => `the end of the kubelet's log:\n${logTail(kubelet.logFile)}`
    )
  }

  try {
    await ready()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    name,
    address,
    port,
    authority: join(folder, 'kubelet-ca.crt'),
    kubeletLog: kubelet.logFile,
    kubepods: join(cgroups, 'pids', root, 'kubepods'),
    async restartKubelet() {
      await kubelet.stop()
      // Heartbeats have whole seconds.
      const since = Math.floor(Date.now() / 1000) * 1000
      kubelet = await start(kubeletProgram, kubeletArgs)
      await ready(since)
    },
    importImages: (archive) => void ctr('images', 'import', archive),
    podAddresses: () => readdirSync(join(folder, 'ipam', 'pods')).filter((name) => isIPv4(name)),
    stop
  }
}

function containerdSettings(folder: string, socket: string): string {
  // restrict_oom_score_adj: without the right to lower it, runc dies with "can't get final child's PID from pipe: EOF".
  return `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "${threadsImage}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${cniFolder}"
    conf_dir = "${folder}/cni"
`
}

function kubeletSettings(
  plane: ControlPlane,
  folder: string,
  cgroupRoot: string,
  address: string,
  port: number,
  healthzPort: number
): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(plane.folder, 'ca.crt') }
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    failSwapOn: false,
    syncFrequency: '5s', // how old a mounted ConfigMap may be; a minute by default
    readOnlyPort: 0,
    makeIPTablesUtilChains: false, // the tables are this machine's
    address,
    port,
    healthzPort,
    tlsCertFile: join(folder, 'kubelet.crt'),
    tlsPrivateKeyFile: join(folder, 'kubelet.key'),
    evictionHard: { 'nodefs.available': '1%', 'imagefs.available': '1%' },
    imageGCHighThresholdPercent: 100
  }
}

function controllers(): string[] {
  return readdirSync(cgroups, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(cgroups, entry.name, 'tasks')))
    .map(({ name }) => name)
}

function lines(run: () => string): string[] {
  try {
    return run().split('\n').filter(Boolean)
  } catch {
    return []
  }
}
