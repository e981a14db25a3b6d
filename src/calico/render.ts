import type { NodeRow } from '../kubernetes/calico/node-rows.ts'
import { calicoNodeText } from '../report/calico-text.ts'
import type { Advice } from './advice.ts'

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

function documentOf({ rows, advice, gaps, kubeProxy }: CalicoReport): object {
  return {
    kubeProxy: kubeProxy ?? null,
    nodes: rows.map((row) => ({
      node: row.node,
      daemonSet: row.daemonSet ?? null,
      backend: row.backend?.meaning ?? null,
      source: row.backend?.source ?? null,
      decidesNothing: row.moot ?? null,
      seen: row.seen ?? null,
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
  const head = ['NODE', 'BACKEND', 'SET BY', 'SEEN', 'REVISION', 'NEEDS', 'OS', 'KERNEL']
  const cells = rows.map(calicoNodeText).map(({ node, backend, setBy, seen, revision, needs, osImage, kernel }) => {
    return [node, backend, setBy, seen, revision, needs, osImage, kernel]
  })
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
