// Kueue beside a control plane: built from its Go module, its own manifests, its controller and webhooks as a process.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join, relative } from 'node:path'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { freePorts } from '../../test/e2e/support/ports.ts'
import { logTail, type RunningProgram, startProgram } from '../../test/e2e/support/processes.ts'
import { until } from '../../test/e2e/support/wait.ts'

const kueueVersion = 'v0.19.0'
const ours = 'kueue-system'

export interface BuiltKueue {
  readonly program: string
  /** The folder of its manifests. */
  readonly config: string
}

/** Where it is missing it is built once, which takes some minutes and downloads Go modules. */
export function builtKueue(): BuiltKueue {
  const module = `sigs.k8s.io/kueue@${kueueVersion}`
  const folder = join(os.homedir(), '.cache', 'pidguard-bench', `kueue-${kueueVersion}`)
  const program = join(folder, 'kueue')
  mkdirSync(folder, { recursive: true })
  const download = ['-n', '10', 'go', 'mod', 'download', '-json', module]
  const { Dir } = JSON.parse(execFileSync('nice', download, { cwd: folder, encoding: 'utf8' }))
  if (!existsSync(program)) {
    console.error(`Building Kueue ${kueueVersion} into ${folder}: once, some minutes …`)
    execFileSync('nice', ['-n', '10', 'go', 'install', `sigs.k8s.io/kueue/cmd/kueue@${kueueVersion}`], {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, GOBIN: folder, GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -p=2`, CGO_ENABLED: '0' }
    })
  }
  return { program, config: join(Dir, 'config') }
}

export interface Kueue {
  /** Starts the controller again with other `resources` in its configuration. */
  restart(resources: object): Promise<void>
}

/**
 * Its default installation, with Jobs and single Pods as what it queues. The controller is a process of an administrator; its Service leads
 * to it by name, as nothing routes cluster addresses here. It takes work when this returns.
 */
export async function startKueue(plane: ControlPlane, { program, config }: BuiltKueue): Promise<Kueue> {
  const folder = mkdtempSync(join(plane.folder, 'kueue-'))
  const certDir = join(folder, 'certs')
  mkdirSync(certDir)
  const [webhook = 0, health = 0] = await freePorts(2)
  await applyManifests(plane, join(config, 'default'), folder, webhook)
  const mounting = setInterval(() => void mountCertificate(plane, certDir).catch(() => {}), 500)
  let running: RunningProgram | undefined

  async function start(resources: object | undefined): Promise<void> {
    const file = join(folder, 'config.yaml')
    const settings = {
      apiVersion: 'config.kueue.x-k8s.io/v1beta2',
      kind: 'Configuration',
      namespace: ours,
      health: { healthProbeBindAddress: `127.0.0.1:${health}` },
      metrics: { bindAddress: '0' },
      webhook: { host: '127.0.0.1', port: webhook, certDir },
      leaderElection: { leaderElect: false },
      internalCertManagement: { enable: true },
      integrations: { frameworks: ['batch/job', 'pod'] },
      ...(resources === undefined ? {} : { resources })
    }
    writeFileSync(file, JSON.stringify(settings))
    const started = await startProgram({
      program,
      args: [
        `--config=${file}`,
        `--kubeconfig=${join(plane.folder, 'kubeconfig')}`,
        '--feature-gates=VisibilityOnDemand=false',
        '--zap-log-level=2'
      ],
      logFile: join(folder, 'log'),
      cwd: folder
    })
    running = started
    await until('Kueue ready', async () => {
      if (started.exit() !== undefined) throw new Error(`Kueue ended:\n${logTail(started.logFile)}`)
      return fetch(`http://127.0.0.1:${health}/readyz`).then(
        ({ ok }) => ok,
        () => false
      )
    })
  }

  plane.atStop(async () => {
    clearInterval(mounting)
    await running?.stop('SIGKILL')
  })
  await start(undefined)
  return {
    async restart(resources) {
      await running?.stop('SIGKILL')
      await start(resources)
    }
  }
}

/** All but the pod of the controller. The webhooks are called on the port of the process. */
async function applyManifests(plane: ControlPlane, config: string, folder: string, port: number): Promise<void> {
  const external = [{ op: 'replace', path: '/spec', value: { type: 'ExternalName', externalName: 'localhost' } }]
  const none = [{ op: 'add', path: '/spec/replicas', value: 0 }]
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    JSON.stringify({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [relative(folder, config)],
      patches: [
        { target: { kind: 'Service' }, patch: JSON.stringify(external) },
        { target: { kind: 'Deployment' }, patch: JSON.stringify(none) }
      ]
    })
  )
  const text = await plane.kubectl.ok(['kustomize', '--load-restrictor=LoadRestrictionsNone', folder])
  await plane.kubectl.ok(['apply', '--server-side', '--filename=-'], adapted(text, port))
}

/** Each clientConfig that names the Service gets its port. The APIs of the visibility server, which is not started, are left out. */
function adapted(manifests: string, port: number): string {
  return manifests
    .split(/^---$/m)
    .filter((each) => !/^kind: APIService$/m.test(each))
    .join('---')
    .replaceAll(/^( {6,})(name: kueue-webhook-service)$/gm, `$1$2\n$1port: ${port}`)
}

/** What a kubelet does for the volume of a Secret. */
async function mountCertificate({ api }: ControlPlane, folder: string): Promise<void> {
  const { body } = await api.get(`/api/v1/namespaces/${ours}/secrets/kueue-webhook-server-cert`)
  const { data = {} } = body as { data?: Readonly<Record<string, string>> }
  for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, name), Buffer.from(text, 'base64'))
}
