import type { CeilingAccount } from './ceiling-account.ts'

/** What is known of the room on one node, by a fresh reading. */
export interface NodeRoom {
  /** The ceilings that are known and have a limit, the tightest first, under the floor of the policy. */
  readonly ceilings: readonly CeilingAccount[]
  /** Both ceilings are known; where not, there may be less room than it seems. */
  readonly isWhole: boolean
}
