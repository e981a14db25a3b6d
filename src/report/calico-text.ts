import { meaningText } from '../kubernetes/calico/felix-backend.ts'
import { habitsOf } from '../kubernetes/calico/felix-version.ts'
import type { NodeRow } from '../kubernetes/calico/node-rows.ts'

/** One node of Calico in words; what is not known is `unknown`. */
export interface CalicoNodeText {
  readonly node: string
  /** The backend Felix is set to: `NFT`, `detection at start`, `decides nothing: nftables`, `no Felix`. */
  readonly backend: string
  /** What sets it; empty where no Felix runs. */
  readonly setBy: string
  /** What Felix was seen to use since it started. */
  readonly seen: string
  readonly revision: string
  /** What the operating system of the node needs. */
  readonly needs: string
  readonly osImage: string
  readonly kernel: string
}

const sources = {
  variable: 'FELIX_IPTABLESBACKEND',
  node: 'FelixConfiguration of the node',
  default: 'FelixConfiguration default',
  'built-in': 'built in',
  unknown: 'unknown'
} as const

export function calicoNodeText(row: NodeRow): CalicoNodeText {
  const hasFelix = row.daemonSet !== undefined
  return {
    node: row.node,
    backend: hasFelix ? backendText(row) : 'no Felix',
    setBy: row.backend === undefined ? '' : sources[row.backend.source],
    seen: hasFelix ? (row.seen ?? 'unknown') : '',
    revision: hasFelix ? row.revision : '',
    needs: needText(row),
    osImage: row.osImage || 'unknown',
    kernel: row.kernel || 'unknown'
  }
}

function backendText({ backend, moot }: NodeRow): string {
  if (moot !== undefined) return `decides nothing: ${moot}`
  return backend?.meaning === undefined ? 'unknown' : meaningText(backend.meaning, habitsOf(undefined))
}

function needText({ need }: NodeRow): string {
  if (need.backend === undefined) return 'unknown'
  return need.isLegacyImpossible ? `${need.backend} only` : need.backend
}
