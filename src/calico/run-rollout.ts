import type { FelixPod } from '../kubernetes/calico/node-rows.ts'
import type { Millis, Pids } from '../lib/units.ts'
import type { RolloutStep } from './rollout-steps.ts'

/** A pod of Felix as it is now. */
export interface LivePod {
  readonly uid: string
  readonly name: string
  readonly isReady: boolean
}

/** What a rollout asks of the cluster. Each call throws what the API call throws. */
export interface RolloutDeps {
  /** PIDs above the floor of the node, under both ceilings; or why they are not known. */
  freePids(node: string): Promise<Pids | { readonly unknown: string }>
  /** Pods of the DaemonSet on the node of this pod. */
  podsBeside(pod: FelixPod): Promise<readonly LivePod[]>
  /** Deletes this very pod; nothing where it is gone already. */
  deletePod(pod: FelixPod): Promise<void>
  pause(span: Millis): Promise<void>
  now(): Millis
  say(line: string): void
}

/** Between two looks at a node or a pod. */
const every: Millis = 2_000
/** How long a node may take to have PIDs, and a pod to become ready. As long as the printed commands wait. Own choice. */
export const patience: Millis = 300_000

/**
 * Replaces pods one by one: each only when its node has its floor of PIDs free, and the next only when the new pod is ready.
 * Stops at the first pod for which either does not hold or is not known, and returns why; undefined: all were replaced.
 */
export async function runRollout(steps: readonly RolloutStep[], deps: RolloutDeps): Promise<string | undefined> {
  for (const [at, { pod, afterwards }] of steps.entries()) {
    const { node } = pod
    const shortage = await shortageOf(node, deps)
    if (shortage !== undefined) return shortage
    deps.say(`${node}: ${pod.name} is deleted (${at + 1} of ${steps.length})`)
    await deps.deletePod(pod)
    const next = await readyPod(pod, deps)
    if (next === undefined) return `${node}: no new pod of ${pod.daemonSet} became ready within ${patience / 1_000} s`
    deps.say(`${node}: ${next} is ready`)
    if (afterwards !== undefined) deps.say(afterwards)
  }
  return undefined
}

/** Waits for PIDs. Why they are not there, or not known; undefined: there are enough. */
async function shortageOf(node: string, { freePids, pause, now, say }: RolloutDeps): Promise<string | undefined> {
  const until = now() + patience
  for (let isFirst = true; ; isFirst = false) {
    const free = await freePids(node)
    if (typeof free !== 'number') return `${node}: its free PIDs are not known: ${free.unknown}`
    if (free >= 0) return undefined
    const short = `${node}: ${-free} PIDs short of its floor, so calico-node might not start there`
    if (now() >= until) return `${short}. pidguard top pods --node ${node} shows who holds them.`
    if (isFirst) say(`${short}; waiting`)
    await pause(every)
  }
}

/** The name of the pod that took its place, once that is ready; undefined: it did not become so in time. */
async function readyPod(pod: FelixPod, { podsBeside, pause, now }: RolloutDeps): Promise<string | undefined> {
  const until = now() + patience
  for (;;) {
    const ready = (await podsBeside(pod)).find(({ uid, isReady }) => uid !== pod.uid && isReady)
    if (ready !== undefined) return ready.name
    if (now() >= until) return undefined
    await pause(every)
  }
}
