import { meaningText } from '../kubernetes/calico/felix-backend.ts'
import { habitsOf } from '../kubernetes/calico/felix-version.ts'
import type { Advice } from './advice.ts'
import type { NodeRow } from './node-rows.ts'

export const calicoFormats = ['text', 'json'] as const
export type CalicoFormat = (typeof calicoFormats)[number]

export interface CalicoReport {
  readonly rows: readonly NodeRow[]
  readonly advice: readonly Advice[]
  /** What could not be read. */
  readonly gaps: readonly string[]
  readonly kubeProxy: string | undefined
}

export function renderCalico(report: CalicoReport, format: CalicoFormat): string {
  return format === 'json' ? `${JSON.stringify(documentOf(report), null, 2)}\n` : renderText(report)
}

const sources = {
  variable: 'FELIX_IPTABLESBACKEND',
  node: 'FelixConfiguration of the node',
  default: 'FelixConfiguration default',
  'built-in': 'built in',
  unknown: 'unknown'
} as const

/** The backend Felix is set to, in words: `NFT`, `detection at start`, `nothing: nftables`, `unknown`. */
function backendText({ backend, moot, daemonSet }: NodeRow): string {
  if (daemonSet === undefined) return 'no Felix'
  if (moot !== undefined) return `decides nothing: ${moot}`
  return backend?.meaning === undefined ? 'unknown' : meaningText(backend.meaning, habitsOf(undefined))
}

function needText({ need }: NodeRow): string {
  if (need.backend === undefined) return 'unknown'
  return need.isLegacyImpossible ? `${need.backend} only` : need.backend
}

function documentOf({ rows, advice, gaps, kubeProxy }: CalicoReport): object {
  return {
    kubeProxy: kubeProxy ?? null,
    nodes: rows.map((row) => ({
      node: row.node,
      daemonSet: row.daemonSet ?? null,
      backend: row.backend?.meaning ?? null,
      source: row.backend?.source ?? null,
      decidesNothing: row.moot ?? null,
      revision: row.revision,
      osImage: row.osImage,
      kernel: row.kernel,
      needs: row.need.backend ?? null
    })),
    advice: advice.map(({ text, isFinding }) => ({ text, isFinding })),
    notRead: gaps
  }
}

function renderText({ rows, advice, gaps, kubeProxy }: CalicoReport): string {
  const head = ['NODE', 'BACKEND', 'SET BY', 'REVISION', 'NEEDS', 'OS', 'KERNEL']
  const cells = rows.map((row) => [
    row.node,
    backendText(row),
    row.backend === undefined ? '' : sources[row.backend.source],
    row.revision,
    needText(row),
    row.osImage || 'unknown',
    row.kernel || 'unknown'
  ])
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)))
  const lines = [head, ...cells].map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  )
  return [
    ...(rows.length === 0 ? ['no nodes'] : lines),
    '',
    `kube-proxy: ${kubeProxy ?? 'mode not known'}`,
    ...gaps.map((gap) => `not read: ${gap}`),
    ...advice.map(({ text, isFinding }) => `${isFinding ? '! ' : '- '}${text}`),
    ''
  ].join('\n')
}
