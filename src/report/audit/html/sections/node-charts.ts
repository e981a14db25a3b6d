import type { AuditCeiling, AuditNode } from '../../audit-fleet.ts'
import { type Bar, bars, type Segment } from '../bar-chart.ts'
import { full, near, shareOf, shownCeiling, toneOf } from '../cells.ts'
import { type Bin, histogram } from '../histogram.ts'
import { html, type Markup } from '../markup.ts'
import { counted, grouped } from '../number-text.ts'

/** Nodes drawn one by one. Own choice: about two screens. More nodes are drawn as a histogram of how full they are. */
const mostDrawn = 24

/** PIDs of each node against both of its ceilings; of many nodes, the fullest, and how full all of them are. */
export function nodeCharts(nodes: readonly AuditNode[]): Markup {
  const drawn = nodes.slice(0, mostDrawn)
  const left = nodes.length - drawn.length
  return html`${left > 0 ? html`<div class="pair">${[shares(nodes, 'node'), shares(nodes, 'kubepods')]}</div>` : undefined}
<figure>
<figcaption>PIDs of ${left > 0 ? `the ${drawn.length} fullest nodes` : 'each node'} against both ceilings</figcaption>
<p class="legend"><svg class="key" aria-hidden="true"><rect class="f-use"/></svg> in use
<svg class="key" aria-hidden="true"><rect class="f-promised"/></svg> promised to pods that run there, not used yet
<svg class="key" aria-hidden="true"><rect class="f-mark"/></svg> beyond this line the policy keeps PIDs free</p>
${bars(drawn.map((node) => ({ label: html`<bdi>${node.node}</bdi>${stateOf(node)}`, bars: [barOf(node, 'node'), barOf(node, 'kubepods')] })))}
${left > 0 ? html`<p class="more">and ${counted(left, 'more node')}, in the table below.</p>` : undefined}
</figure>`
}

function stateOf({ free, pidPressure }: AuditNode): Markup | undefined {
  if (pidPressure === true) return html` <strong class="t-full">PIDPressure</strong>`
  if (typeof free === 'number' && free < 0) return html` <strong class="t-full">below its floor</strong>`
  return undefined
}

function barOf(node: AuditNode, name: 'node' | 'kubepods'): Bar {
  const ceiling = name === 'node' ? node.host : node.kubepods
  const { limit, inUse } = ceiling
  const { text, tone } = shownCeiling(inUse, limit)
  const value = tone === '' ? text : html`<span class="t-${tone}">${text}</span>`
  if (inUse === null || typeof limit !== 'number') return { name, value, segments: undefined }
  const isTightest = node.tightest === name
  const { committed, floor } = node
  return {
    name: isTightest ? html`${name} <span class="tightest">(least free)</span>` : name,
    value,
    segments: segmentsOf(inUse, limit, isTightest ? committed : null),
    mark: isTightest && floor !== null && limit > 0 ? Math.max(0, 1 - floor / limit) : undefined
  }
}

function segmentsOf(inUse: number, limit: number, committed: number | null): Segment[] {
  const share = shareOf(inUse, limit) ?? 0
  const promised = committed === null || limit === 0 ? 0 : Math.max(0, committed - inUse) / limit
  return [
    { share, look: toneOf(share) || 'use' },
    { share: promised, look: 'promised' }
  ]
}

const bands = 11

/** How many nodes are how full, by one of the ceilings. */
function shares(nodes: readonly AuditNode[], name: 'node' | 'kubepods'): Markup {
  const ceilings = nodes.map((node): AuditCeiling => (name === 'node' ? node.host : node.kubepods))
  const unlimited = ceilings.filter(({ limit }) => limit === 'unlimited').length
  const known = ceilings.flatMap(({ inUse, limit }) => (limit === 'unlimited' ? [] : (shareOf(inUse, limit) ?? [])))
  const unknown = ceilings.length - unlimited - known.length
  const bins = Array.from({ length: bands }, (_, band): Bin => {
    const from = band / 10
    return {
      tick: String(band * 10),
      name: band === bands - 1 ? '100 % and more' : `${band * 10} to ${band * 10 + 9} %`,
      count: known.filter((share) => Math.min(bands - 1, Math.floor(share * 10)) === band).length,
      look: from >= full ? 'full' : from >= near ? 'near' : 'use'
    }
  })
  const what = name === 'node' ? 'the node (pid_max, threads-max)' : 'kubepods (pids.max)'
  return html`<figure class="half">
<figcaption>Nodes by how full they are: ceiling of ${what}</figcaption>
${histogram(`Nodes by the share of the ceiling of ${what} that is in use`, '% of the ceiling in use, from', bins)}
<p class="more">Not known: ${grouped(unknown)} of ${grouped(nodes.length)} nodes.${
    unlimited > 0 ? ` Without a limit: ${grouped(unlimited)}.` : undefined
  }</p>
</figure>`
}
