import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { renderTop, type TopFormat, type TopSubject } from '../cli/top.ts'
import type { TopPolicy } from '../cli/top-rows.ts'
import { AppError } from '../errors.ts'
import { KubeClient } from '../kube/client.ts'
import { collectCluster } from '../kube/collect.ts'
import { type Credentials, findCredentials } from '../kube/credentials.ts'
import type { Clock, NodeReading, NodeReadings, ReadingFailure, ReadingTarget } from '../ports.ts'
import { policyRules } from '../rules/index.ts'
import { KubeletReadings, kubeletDefaults } from '../sources/kubelet.ts'
import { PrometheusReadings, prometheusDefaults } from '../sources/prometheus.ts'
import type { ClusterSnapshot } from '../sources/snapshot.ts'
import { readSnapshot } from '../sources/snapshot-file.ts'
import { loadPolicy } from './policy-file.ts'

interface Options {
  readonly output: TopFormat
  readonly namespace?: string
  readonly node?: string
  readonly limit: number
  readonly snapshot?: string
  readonly policy?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly source: 'kubelet' | 'prometheus'
  readonly prometheus?: string
  readonly kubeletCa?: string
  readonly kubeletInsecure?: boolean
  readonly kubeletAddress?: readonly string[]
}

const clock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** `pidguard top`: 0 when nodes could be read, 3 when none could. */
export async function runTop(subject: TopSubject, options: Options): Promise<number> {
  const policy = await topPolicy(options.policy)
  const snapshot = options.snapshot === undefined ? await takeSnapshot(options) : await loadSnapshot(options.snapshot)
  const { output, namespace, node, limit } = options
  const printed = { subject, format: output, namespace, node, limit: limit === 0 ? undefined : limit }
  process.stdout.write(renderTop(snapshot, policy, printed))
  if (snapshot.nodes.length === 0 || snapshot.readings.size > 0) return 0
  const reasons = new Set([...snapshot.failures.values()].map(({ detail }) => detail))
  process.stderr.write(`pidguard: no node could be read\n${[...reasons].slice(0, 5).join('\n')}\n`)
  return 3
}

async function topPolicy(path: string | undefined): Promise<TopPolicy> {
  const policy = await loadPolicy(path, policyRules, clock)
  return {
    // Profiles match images and labels, which are not kept of running pods; what pidguard noted at creation is.
    estimateOf: ({ declared, estimated, namespace }) =>
      declared ?? estimated ?? policy.settingsFor(namespace).pids.estimate,
    floor: policy.settingsFor('').headroom.floor
  }
}

async function loadSnapshot(path: string): Promise<ClusterSnapshot> {
  try {
    return readSnapshot(path, path === '-' ? await text(process.stdin) : await readFile(path, 'utf8'))
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('ERR_USAGE', `--snapshot ${path}: cannot be read: ${(cause as Error).message}`, { cause })
  }
}

async function takeSnapshot(options: Options): Promise<ClusterSnapshot> {
  const credentials = await findCredentials({
    kubeconfig: options.kubeconfig,
    context: options.context,
    env: process.env,
    clock
  })
  const client = new KubeClient(credentials)
  const source = sourceOf(options, credentials)
  const { signal } = new AbortController()
  const addresses = readAddresses(options.kubeletAddress ?? [])
  try {
    const collected = await collectCluster(client, signal)
    const readings = new Map<string, NodeReading>()
    const failures = new Map<string, ReadingFailure>()
    const sink = {
      observeReading: (reading: NodeReading) => void readings.set(reading.node, reading),
      observeFailure: (node: string, failure: ReadingFailure) => void failures.set(node, failure)
    }
    await source.read(
      collected.nodes.map((node) => withAddress(node, addresses.get(node.name))),
      sink,
      { signal, spread: 0 }
    )
    return { takenAt: clock.now(), ...collected, readings, failures }
  } finally {
    await Promise.all([client.close(), source.close()])
  }
}

function sourceOf(options: Options, credentials: Credentials): NodeReadings & { close(): Promise<void> } {
  if (options.source === 'prometheus') {
    if (options.prometheus === undefined) throw new AppError('ERR_USAGE', '--source prometheus needs --prometheus URL')
    return new PrometheusReadings({ ...prometheusDefaults, url: options.prometheus, credentials: undefined, clock })
  }
  const { kubeletCa } = options
  return new KubeletReadings({
    ...kubeletDefaults,
    credentials,
    ca: kubeletCa === undefined ? undefined : () => readFile(kubeletCa, 'utf8'),
    insecure: options.kubeletInsecure === true,
    port: undefined,
    clock,
    random: Math.random
  })
}

interface Address {
  readonly address: string
  readonly port: number | undefined
}

/** `node-a=127.0.0.1`, `node-a=127.0.0.1:10251`, `node-a=[fd00::1]:10250`. Throws ERR_USAGE. */
function readAddresses(pairs: readonly string[]): ReadonlyMap<string, Address> {
  return new Map(
    pairs.map((pair) => {
      const [, name, address, port] = /^([^=]+)=(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(pair) ?? []
      if (name === undefined || address === undefined) {
        throw new AppError('ERR_USAGE', `--kubelet-address: expected node=address, found ${JSON.stringify(pair)}`)
      }
      return [name, { address: address.replace(/^\[|\]$/g, ''), port: port === undefined ? undefined : Number(port) }]
    })
  )
}

function withAddress(target: ReadingTarget, given: Address | undefined): ReadingTarget {
  return given === undefined
    ? target
    : { ...target, address: given.address, kubeletPort: given.port ?? target.kubeletPort }
}
