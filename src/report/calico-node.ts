import type { Backend } from '../kubernetes/calico/felix.ts'
import { type Meaning, meaningText } from '../kubernetes/calico/felix-backend.ts'
import { habitsOf } from '../kubernetes/calico/felix-version.ts'
import type { NodeRow } from '../kubernetes/calico/node-rows.ts'

/** One node of Calico as reports have it: what is not known is null. */
export interface CalicoNode {
  readonly node: string
  /** `namespace/name`; null: no pod of Felix is known to run there. */
  readonly daemonSet: string | null
  /** What Felix is set to. */
  readonly backend: Meaning | null
  /** What sets it: the variable, the FelixConfiguration of the node, the one named default, or the release; null: unknown. */
  readonly setBy: 'variable' | 'node' | 'default' | 'built-in' | null
  /** Why the backend decides nothing there; null: it decides. */
  readonly decidesNothing: 'nftables' | 'VPP' | null
  /** Felix is set to BPF there. */
  readonly bpf: boolean | null
  /** What Felix was seen to use since it started. */
  readonly seen: Backend | null
  readonly revision: 'newest' | 'old' | null
  readonly osImage: string | null
  readonly kernel: string | null
  /** What the operating system of the node needs. */
  readonly needs: Backend | null
  /** Its kernel has no ip_tables: Legacy cannot work there. */
  readonly legacyImpossible: boolean
}

export function calicoNodeOf({
  node,
  daemonSet,
  backend,
  moot,
  isBpf,
  seen,
  revision,
  osImage,
  kernel,
  need
}: NodeRow): CalicoNode {
  return {
    node,
    daemonSet: daemonSet ?? null,
    backend: backend?.meaning ?? null,
    setBy: backend === undefined || backend.source === 'unknown' ? null : backend.source,
    decidesNothing: moot ?? null,
    bpf: isBpf ?? null,
    seen: seen ?? null,
    revision: revision === 'unknown' ? null : revision,
    osImage: osImage || null,
    kernel: kernel || null,
    needs: need.backend ?? null,
    legacyImpossible: need.isLegacyImpossible
  }
}

const sources = {
  variable: 'FELIX_IPTABLESBACKEND',
  node: 'FelixConfiguration of the node',
  default: 'FelixConfiguration default',
  'built-in': 'built in'
} as const

const unknown = 'unknown'

export const calicoColumns = ['NODE', 'BACKEND', 'SET BY', 'SEEN', 'REVISION', 'NEEDS', 'OS', 'KERNEL'] as const

/** The node in words, one for each column. */
export function calicoCells(row: CalicoNode): string[] {
  const { node, daemonSet, setBy, seen, revision, osImage, kernel } = row
  const ofFelix =
    daemonSet === null
      ? ['no Felix', '', '', '']
      : [backendText(row), setBy === null ? unknown : sources[setBy], seen ?? unknown, revision ?? unknown]
  return [node, ...ofFelix, needText(row), osImage ?? unknown, kernel ?? unknown]
}

function backendText({ backend, decidesNothing, bpf }: CalicoNode): string {
  if (decidesNothing !== null) return `decides nothing: ${decidesNothing}`
  const text = backend === null ? unknown : meaningText(backend, habitsOf(undefined))
  return bpf === true ? `${text}, with BPF` : text
}

function needText({ needs, legacyImpossible }: CalicoNode): string {
  if (needs === null) return unknown
  return legacyImpossible ? `${needs} only` : needs
}
