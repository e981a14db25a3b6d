import { readFile } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { Credentials } from '../kube/credentials.ts'
import type { Clock, NodeReadings, ReadingTarget } from '../ports.ts'
import { KubeletReadings, kubeletDefaults } from '../sources/kubelet.ts'
import { PrometheusReadings, prometheusDefaults } from '../sources/prometheus.ts'

/** Who is asked what nodes use, as top and audit let people say. */
export interface ReadingFlags {
  readonly source: 'kubelet' | 'prometheus'
  readonly prometheus?: string
  readonly kubeletCa?: string
  readonly kubeletInsecure?: boolean
  readonly kubeletAddress?: readonly string[]
}

/** Whoever the flags name. Throws ERR_USAGE. */
export function buildReadings(
  options: ReadingFlags,
  credentials: Credentials,
  clock: Clock
): NodeReadings & { close(): Promise<void> } {
  if (options.source === 'prometheus') {
    if (options.prometheus === undefined) throw new AppError('ERR_USAGE', '--source prometheus needs --prometheus URL')
    return new PrometheusReadings({ ...prometheusDefaults, url: options.prometheus, credentials: undefined, clock })
  }
  return new KubeletReadings({ ...kubeletOptions(options, credentials, clock), random: Math.random })
}

/** How to ask kubelets. */
export function kubeletOptions({ kubeletCa, kubeletInsecure }: ReadingFlags, credentials: Credentials, clock: Clock) {
  return {
    ...kubeletDefaults,
    credentials,
    ca: kubeletCa === undefined ? undefined : () => readFile(kubeletCa, 'utf8'),
    insecure: kubeletInsecure === true,
    port: undefined,
    clock
  }
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
