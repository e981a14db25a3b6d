import type { Pids } from '../lib/units.ts'

/** Our taint on nodes; see leader/taint-plan.ts. */
export interface NodeTaints {
  /**
   * Sets or removes it and leaves all other taints as they are. `unchanged`: it was so already. `gone`: no such node.
   * Throws what the API call throws; nothing is changed then.
   */
  write(node: string, tainted: boolean, signal: AbortSignal): Promise<'written' | 'unchanged' | 'gone'>
}

/** What nodes offer to the scheduler as pidguard.io/pids; see leader/capacity/capacity-plan.ts. */
export interface NodeCapacity {
  /**
   * Sets it in capacity and allocatable; undefined takes it away, and all else stays. `gone`: no such node. Throws what the API
   * call throws; nothing is changed then.
   */
  write(node: string, pids: Pids | undefined, signal: AbortSignal): Promise<'written' | 'gone'>
}

/** An Event of a node, as `kubectl describe node` shows it. */
export interface NodeEvent {
  readonly type: 'Normal' | 'Warning'
  /** In one word, UpperCamelCase; a closed set. */
  readonly reason: string
  readonly message: string
}

export interface NodeEvents {
  /** Throws when it could not be stored. */
  post(node: string, event: NodeEvent, signal: AbortSignal): Promise<void>
  /** The same, unless the API still holds an Event of this node and `key` from any writer; it keeps them for an hour. */
  postOnce(node: string, key: string, event: NodeEvent, signal: AbortSignal): Promise<'posted' | 'already there'>
}
