import type { Backend } from './felix.ts'
import { fixedBackend, type NodeRow } from './node-rows.ts'

/**
 * What is wrong with the backend of one node:
 * - `policy-against-need`: the policy names another backend than the operating system of the node needs;
 * - `policy-against-use`: what the node needs is not known, and Felix was seen to use another backend than the policy names;
 * - `legacy-impossible`: Felix is set to Legacy, and the kernel has no ip_tables;
 * - `use-against-need`: Felix was seen to use another backend than the node's own programs.
 */
export type NodeProblem = 'policy-against-need' | 'policy-against-use' | 'legacy-impossible' | 'use-against-need'

/** `policy`: the backend that the policy names; undefined where it names none. What is not known contradicts nothing. */
export function nodeProblemsOf(row: NodeRow, policy: Backend | undefined): NodeProblem[] {
  const { daemonSet, moot, need, seen, backend } = row
  if (daemonSet === undefined || moot !== undefined) return []
  // The FelixConfiguration of a node keeps the variable away from all: the policy's value never comes there.
  const isOfNode = backend?.source === 'node'
  const isSettled = isOfNode && fixedBackend(row) === need.backend
  const problems: NodeProblem[] = []
  if (policy !== undefined && need.backend !== undefined && need.backend !== policy && !isSettled)
    problems.push('policy-against-need')
  if (policy !== undefined && need.backend === undefined && seen !== undefined && seen !== policy && !isOfNode)
    problems.push('policy-against-use')
  if (need.isLegacyImpossible && fixedBackend(row) === 'Legacy') problems.push('legacy-impossible')
  if (seen !== undefined && need.backend !== undefined && seen !== need.backend) problems.push('use-against-need')
  return problems
}
