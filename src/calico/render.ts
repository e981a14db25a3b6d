import type { NodeRow } from '../kubernetes/calico/node-rows.ts'
import { alignedLines } from '../report/aligned-lines.ts'
import type { Advice } from '../report/calico-advice.ts'
import { calicoCells, calicoColumns, calicoNodeOf } from '../report/calico-node.ts'

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
    nodes: rows.map(calicoNodeOf),
    advice: advice.map(({ text, isFinding }) => ({ text, isFinding })),
    notRead: gaps
  }
}

function renderText({ rows, advice, gaps, kubeProxy }: CalicoReport): string {
  const cells = rows.map((row) => calicoCells(calicoNodeOf(row)))
  return [
    ...(rows.length === 0 ? ['no nodes'] : alignedLines([calicoColumns, ...cells])),
    '',
    `kube-proxy: ${kubeProxy ?? 'mode not known'}`,
    ...gaps.map((gap) => `not read: ${gap}`),
    ...advice.map(({ text, isFinding }) => `${isFinding ? '! ' : '- '}${text}`),
    ''
  ].join('\n')
}
