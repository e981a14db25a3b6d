import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { renderTop, type TopFormat, type TopSubject } from '../cli/top.ts'
import { AppError } from '../errors.ts'
import { KubeClient } from '../kube/client.ts'
import { collectCluster } from '../kube/collect.ts'
import { findCredentials } from '../kube/credentials.ts'
import type { Clock, NodeReading, ReadingFailure } from '../ports.ts'
import { policyRules } from '../rules/index.ts'
import type { TopPolicy } from '../sources/fleet-rows.ts'
import type { ClusterSnapshot } from '../sources/snapshot.ts'
import { readSnapshot } from '../sources/snapshot-file.ts'
import { loadPolicy } from './policy-file.ts'
import { buildReadings, type ReadingFlags, readAddresses, withAddress } from './readings.ts'

interface Options extends ReadingFlags {
  readonly output: TopFormat
  readonly namespace?: string
  readonly node?: string
  readonly limit: number
  readonly snapshot?: string
  readonly policy?: string
  readonly kubeconfig?: string
  readonly context?: string
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
  const source = buildReadings(options, credentials, clock)
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
