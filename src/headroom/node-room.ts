import type { CeilingAccount } from './ceiling-account.ts'

/** The room on one node by a fresh reading. */
export interface NodeRoom {
  /** The known ceilings with a limit, the tightest first, against the floor of the policy. */
  readonly ceilings: readonly CeilingAccount[]
  /** Both ceilings are known. If not, there may be less room than `ceilings` shows. */
  readonly isWhole: boolean
}
