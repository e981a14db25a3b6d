import type { ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'
import type { KubeletConfigSink, KubeletConfigs } from '../../ports/readings.ts'

/** Rules that look at how a kubelet is configured. When the policy has all of them off, no kubelet is asked. */
export const configRules: ReadonlySet<string> = new Set([
  'node-kubepods-drift',
  'node-pid-eviction',
  'node-pid-reservation',
  'node-pod-pids-limit'
])

/** Kubelets asked first. When all of these refuse, the permission is missing and the rest would refuse too. Own choice. */
export const probes = 3

/**
 * Reads the configurations of kubelets. When the first ones all answer "forbidden", the rest are not asked, and their
 * failure is the first refusal: an audit of 5,000 nodes must not make 5,000 requests that are refused.
 */
export async function readConfigs(
  sink: KubeletConfigSink & { readonly configFailures: ReadonlyMap<string, ReadingFailure> },
  targets: readonly ReadingTarget[],
  configs: KubeletConfigs,
  signal: AbortSignal
): Promise<void> {
  const [first, rest] = [targets.slice(0, probes), targets.slice(probes)]
  await configs.read(first, sink, signal)
  const refusals = first.map(({ name }) => sink.configFailures.get(name)).filter((each) => each?.reason === 'forbidden')
  const [refusal] = refusals
  if (refusal === undefined || refusals.length < first.length) await configs.read(rest, sink, signal)
  else for (const { name } of rest) sink.observeConfigFailure(name, refusal)
}
