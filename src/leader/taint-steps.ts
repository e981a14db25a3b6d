import type { CeilingAccount } from '../headroom/ceiling-account.ts'
import { sayNode } from '../headroom/denial-text.ts'
import type { NodeEvent } from '../ports/node-actions.ts'
import type { TaintPlan, UntaintReason } from './taint-plan.ts'

/** One node to write, with the fields of the log line and the Event about it. */
export interface TaintStep {
  readonly node: string
  readonly tainted: boolean
  readonly fields: object
  readonly event: NodeEvent
}

/** In the order of the plan. */
export function untaintsOf({ untaint }: TaintPlan): TaintStep[] {
  return untaint.map(({ name, reason, tightest }) => {
    const event = recovery(say(name, tightest), reason)
    return { node: name, tainted: false, fields: { reason, ...tightest }, event }
  })
}

/** As `untaintsOf`. */
export function taintsOf({ taint }: TaintPlan): TaintStep[] {
  return taint.map(({ name, need, tightest }) => {
    const message = `${say(name, tightest)}; the next pod needs ${need}. New pods go elsewhere.`
    return {
      node: name,
      tainted: true,
      fields: { ...tightest, need },
      event: { type: 'Warning', reason: 'LowPids', message }
    }
  })
}

function say(node: string, tightest: CeilingAccount | undefined): string {
  return sayNode({ node, ceilings: tightest === undefined ? [] : [tightest], age: undefined })
}

function recovery(said: string, reason: UntaintReason): NodeEvent {
  switch (reason) {
    case 'recovered':
      return { type: 'Normal', reason: 'PidsRecovered', message: `${said}. Pods may land here again.` }
    case 'unknown':
      return {
        type: 'Warning',
        reason: 'PidsUnknown',
        message: 'No fresh reading for ten minutes, so nothing keeps pods away.'
      }
    case 'share':
      return {
        type: 'Normal',
        reason: 'PidsShared',
        message: 'Others have less room, and not all may be closed at once.'
      }
    case 'off':
      return {
        type: 'Normal',
        reason: 'PidsUnguarded',
        message: 'The policy no longer taints nodes (spec.headroom.taintNodes).'
      }
  }
}
