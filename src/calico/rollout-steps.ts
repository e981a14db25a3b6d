import { meaningText } from '../kubernetes/calico/felix-backend.ts'
import { habitsOf } from '../kubernetes/calico/felix-version.ts'
import { type FelixPod, keyOf } from '../kubernetes/calico/node-rows.ts'
import { compareTexts } from '../lib/compare-text.ts'
import type { RevisionBackend } from './felix-pods.ts'
import type { CalicoReading } from './read-calico.ts'

/** One pod that runs an old revision, and what its node needs once it is replaced. */
export interface RolloutStep {
  readonly pod: FelixPod
  /** What to do about the rules of another backend, in a sentence; undefined: it stays the same. */
  readonly afterwards: string | undefined
}

/** What a rollout needs to know. */
export interface RolloutCluster extends Pick<CalicoReading, 'pods' | 'newest' | 'backends'> {}

/** One step for each pod of an old revision, by the names of nodes. undefined: pods or revisions are not known. */
export function rolloutSteps(cluster: RolloutCluster): readonly RolloutStep[] | undefined {
  const { pods, newest } = cluster
  if (pods === undefined || newest === undefined) return undefined
  return pods
    .filter((pod) => pod.revision !== newest.get(keyOf(pod)))
    .toSorted((a, b) => compareTexts(a.node, b.node))
    .map((pod) => ({ pod, afterwards: afterwardsOf(pod, cluster) }))
}

/**
 * A warning where Felix changes its backend, or may: an unknown backend counts as another one. undefined: it stays the
 * same.
 */
function afterwardsOf(pod: FelixPod, { newest, backends }: RolloutCluster): string | undefined {
  const [before, after] = [pod.revision, newest?.get(keyOf(pod))].map((hash) => backends.get(`${keyOf(pod)} ${hash}`))
  if (before?.meaning !== undefined && before.meaning === after?.meaning) return undefined
  const change = `${pod.node}: Felix goes from ${textOf(before)} to ${textOf(after)}`
  if (after?.removesOthers === true) return `${change}, and removes the rules of the other backend itself.`
  return `${change}: where that is another backend, drain and reboot the node, or flush the rules of the old one there. Up to Calico v3.32 they stay, and drop traffic of new pods.`
}

function textOf(backend: RevisionBackend | undefined): string {
  return backend?.meaning === undefined
    ? 'a backend that is not known'
    : meaningText(backend.meaning, habitsOf(undefined))
}
