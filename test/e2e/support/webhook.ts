import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { request } from 'undici'
import type { ApiBody } from './api-client.ts'
import type { ControlPlane } from './control-plane.ts'
import { type Exit, logTail, startProgram } from './processes.ts'
import { type Saw, until, untilIs } from './wait.ts'

/** One line of what the program logs; `time` and other fields are there too. */
export interface LogLine {
  readonly level: number | string
  readonly msg: string
  readonly [field: string]: unknown
}

export interface Webhook {
  readonly certFolder: string
  readonly admissionUrl: URL
  readonly probesUrl: URL
  /** Makes the API server call the program, and returns when it does. */
  register(): Promise<void>
  /** Replaces the policy file in one step, as the kubelet does with a ConfigMap. */
  writePolicy(text: string): void
  logLines(): LogLine[]
  /** Returns when the program has loaded a policy later than that generation. */
  generationAfter(generation: number): Promise<void>
  /** Sum over all series of that name; undefined when there is none. */
  metric(name: string): Promise<number | undefined>
  isReady(): Promise<boolean>
  /** Sends SIGTERM, and waits for the end: at once, unless there was a time to drain. */
  stop(): Promise<Exit>
}

export interface WebhookOptions {
  readonly policy: string
  /** Seconds that it goes on after SIGTERM, 0 where nobody says otherwise. */
  readonly drain?: number
  /** Called with the folder before the start; without it the program makes its own certificate. */
  readonly certificates?: (folder: string) => Promise<void>
}

const program = resolve(import.meta.dirname, '../../../dist/main.js')

/** The built program, ready to answer when this returns. The API server does not know it before `register`. */
export async function startWebhook(plane: ControlPlane, options: WebhookOptions): Promise<Webhook> {
  const folder = mkdtempSync(join(plane.folder, 'webhook-'))
  const certFolder = join(folder, 'certs')
  const policyFile = join(folder, 'policy.yaml')
  mkdirSync(certFolder)
  await options.certificates?.(certFolder)
  writePolicy(options.policy)
  const logFile = join(folder, 'log')
  const args = [
    'serve',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--probe-port',
    '0',
    '--log-level',
    'debug',
    '--drain',
    String(options.drain ?? 0)
  ]
  const running = await startProgram({
    program: process.execPath,
    args: [program, ...args, '--cert-dir', certFolder, '--policy', policyFile],
    logFile,
    cwd: folder
  })

  function writePolicy(text: string): void {
    writeFileSync(`${policyFile}.new`, text)
    renameSync(`${policyFile}.new`, policyFile)
  }

  const saw = (): string => `the end of its log:\n${logTail(logFile)}`

  async function whileRunning<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
    try {
      return await until(what, () => {
        if (running.exit() !== undefined) throw new Error(`it ended with ${JSON.stringify(running.exit())}`)
        return ask().catch(() => undefined)
      })
    } catch (error) {
      await running.stop('SIGKILL')
      throw new Error(`pidguard did not come up:\n${logTail(logFile)}`, { cause: error })
    }
  }

  const listening = await whileRunning('the line that says where it listens', async () => {
    const line = readLog(logFile).find((each) => each.msg === 'listening')
    return line && { admissionUrl: new URL(String(line.admission)), probesUrl: new URL(String(line.probes)) }
  })
  async function isReady(): Promise<boolean> {
    const { statusCode, body } = await request(new URL('/readyz', listening.probesUrl))
    await body.dump()
    return statusCode === 200
  }
  await whileRunning('readyz', isReady)

  async function metric(name: string): Promise<number | undefined> {
    const { body } = await request(new URL('/metrics', listening.probesUrl))
    return sumOf(name, await body.text())
  }

  return {
    ...listening,
    certFolder,
    writePolicy,
    register: () => register(plane, listening.admissionUrl, readFileSync(join(certFolder, 'ca.crt')), saw),
    logLines: () => readLog(logFile),
    metric,
    isReady,
    async generationAfter(generation) {
      const isNewer = async () => ((await metric('pidguard_policy_generation')) ?? 0) > generation
      await until('a newer policy', isNewer, undefined, saw)
    },
    stop: () => running.stop('SIGTERM', 60_000)
  }
}

/** What pidguard is called for in these tests. `Fail` everywhere, so that no call can fail unseen. */
export async function register(plane: ControlPlane, admission: URL, caBundle: Buffer, saw?: Saw): Promise<void> {
  const common = {
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    timeoutSeconds: 5,
    failurePolicy: 'Fail',
    rules: [
      rule([''], ['v1'], ['pods', 'pods/ephemeralcontainers', 'replicationcontrollers']),
      rule(['apps'], ['v1'], ['deployments', 'statefulsets', 'daemonsets', 'replicasets']),
      rule(['batch'], ['v1', 'v1beta1'], ['jobs', 'cronjobs']),
      rule(['crd.projectcalico.org', 'projectcalico.org'], ['*'], ['felixconfigurations'])
    ]
  }
  function clientConfig(path: string): object {
    return { url: new URL(path, admission).href, caBundle: caBundle.toString('base64') }
  }
  const mutate = {
    ...common,
    name: 'mutate.pidguard.io',
    reinvocationPolicy: 'IfNeeded',
    clientConfig: clientConfig('/mutate')
  }
  const validate = { ...common, name: 'validate.pidguard.io', clientConfig: clientConfig('/validate') }
  const configurations = [
    { kind: 'MutatingWebhookConfiguration', webhooks: [mutate] },
    { kind: 'ValidatingWebhookConfiguration', webhooks: [validate] }
  ].map((each) => ({ apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'pidguard' }, ...each }))
  for (const configuration of configurations) {
    const { code, stderr } = await plane.kubectl.apply(JSON.stringify(configuration))
    if (code !== 0) throw new Error(`${configuration.kind}: ${stderr}`)
  }
  await untilIs('calls of both webhooks', async () => (await calledWebhooks(plane)).length, 2, saw)
}

/** Returns when the API server has stopped calling. */
export async function unregister(plane: ControlPlane): Promise<void> {
  const kinds = ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']
  await Promise.all(kinds.map((kind) => plane.kubectl.ok(['delete', kind, 'pidguard'])))
  await untilIs('no more calls', async () => (await calledWebhooks(plane)).length, 0)
}

/**
 * The API server learns of a configuration through a watch, so the first writes may still pass by. Two dry runs tell,
 * where the policy keeps its defaults in the namespace `default`: one pod is refused there, the other gets annotations.
 */
async function calledWebhooks(plane: ControlPlane): Promise<string[]> {
  async function dryRun(resources: object): Promise<ApiBody> {
    const pod = {
      metadata: { name: 'is-it-called' },
      spec: { containers: [{ name: 'only', image: 'none', resources }] }
    }
    return (await plane.api.post('/api/v1/namespaces/default/pods?dryRun=All', pod)).body
  }
  const { message = '' } = await dryRun({})
  const { metadata } = await dryRun({ requests: { cpu: '1m', memory: '1Mi' } })
  const validated = message.includes('validate.pidguard.io')
  const mutated = metadata?.annotations?.['pidguard.io/pids-estimate'] !== undefined
  return [...(validated ? ['validate'] : []), ...(mutated ? ['mutate'] : [])]
}

function rule(apiGroups: string[], apiVersions: string[], resources: string[]): object {
  return { apiGroups, apiVersions, resources, operations: ['CREATE', 'UPDATE'], scope: '*' }
}

/** Lines that are no JSON are warnings of Node itself. */
export function readLog(file: string): LogLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line))
}

/** Sum over all series of that name, or with those labels; undefined when there is none. */
export function sumOf(name: string, exposition: string): number | undefined {
  const values = exposition
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)))
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0)
}
