import { AppError } from '../errors.ts'
import { collectCluster } from '../kube/cache/list-cluster.ts'
import { KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import type { Millis } from '../lib/units.ts'
import type { NodeReading, ReadingFailure, ReadingTarget } from '../model/node-reading.ts'
import { claimByName, withClaims } from '../model/pods-by-name.ts'
import type { NodeReadings } from '../ports/readings.ts'
import type { Clock } from '../ports/runtime.ts'
import type { ClusterSnapshot } from '../snapshot/snapshot.ts'
import { liveReadings, type ReadingOptions } from './reading-source.ts'

export interface TakeOptions extends Omit<ReadingOptions, 'readings' | 'snapshot'> {
  readonly kubeconfig?: string
  readonly context?: string
  readonly readings?: 'kubelet' | 'prometheus'
  readonly kubeletAddress?: readonly string[]
}

/** The cluster as it is now. Throws ERR_CLUSTER_CONFIG, ERR_CLUSTER_UNREACHABLE and ERR_USAGE. */
export async function takeSnapshot(options: TakeOptions, clock: Clock): Promise<ClusterSnapshot> {
  for await (const snapshot of takeSnapshots(options, clock, [undefined])) return snapshot
  throw new Error('no moment was asked for')
}

/**
 * The nodes and pods of now, with readings of each of these moments; undefined is now. Only Prometheus knows of another
 * moment. Throws as `takeSnapshot`.
 */
export async function* takeSnapshots(
  options: TakeOptions,
  clock: Clock,
  moments: readonly (Millis | undefined)[]
): AsyncGenerator<ClusterSnapshot> {
  const { kubeconfig, context, readings: kind = 'kubelet', kubeletAddress = [] } = options
  const credentials = await findCredentials({ kubeconfig, context, env: process.env, clock })
  const client = new KubeClient(credentials)
  const addresses = readAddresses(kubeletAddress)
  try {
    const collected = await collectCluster(client, new AbortController().signal)
    const targets = collected.nodes.map((node) => withAddress(node, addresses.get(node.name)))
    for (const moment of moments) {
      const at = moment === undefined ? clock : { ...clock, now: () => moment }
      const reading = moment === undefined ? options : { ...options, evaluateAt: moment }
      const source = await liveReadings(kind, reading, credentials, at)
      try {
        const answers = await readOnce(source, targets)
        for (const pod of collected.pods) claimByName(answers.readings.get(pod.node ?? ''), pod)
        yield { ...collected, ...answers, takenAt: at.now() }
      } finally {
        await source.close()
      }
    }
  } finally {
    await client.close()
  }
}

async function readOnce(source: NodeReadings, targets: readonly ReadingTarget[]) {
  const readings = new Map<string, NodeReading>()
  const failures = new Map<string, ReadingFailure>()
  const sink = {
    observeReading: (reading: NodeReading) => void readings.set(reading.node, withClaims(reading)),
    observeFailure: (node: string, failure: ReadingFailure) => void failures.set(node, failure)
  }
  await source.read(targets, sink, { signal: new AbortController().signal, spread: 0 })
  return { readings, failures }
}

interface Address {
  readonly address: string
  readonly port: number | undefined
}

/** `node-a=127.0.0.1`, `node-a=127.0.0.1:10251`, `node-a=[fd00::1]:10250`. Throws ERR_USAGE. */
export function readAddresses(pairs: readonly string[]): ReadonlyMap<string, Address> {
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

/** The target, asked where a person said. */
export function withAddress(target: ReadingTarget, given: Address | undefined): ReadingTarget {
  return given === undefined
    ? target
    : { ...target, address: given.address, kubeletPort: given.port ?? target.kubeletPort }
}
