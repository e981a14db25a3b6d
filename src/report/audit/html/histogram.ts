import { html, type Markup } from './markup.ts'
import { grouped } from './number-text.ts'

export interface Bin {
  /** Below its column; short. */
  readonly tick: string
  /** In words, for who cannot see the chart. */
  readonly name: string
  readonly count: number
  readonly look: string
}

const plotTop = 18
const plotHeight = 120

/** Standing columns, each with its count above it and the lower end of its range below. */
export function histogram(label: string, axis: string, bins: readonly Bin[]): Markup {
  const most = Math.max(1, ...bins.map(({ count }) => count))
  const inWords = bins.filter(({ count }) => count > 0).map(({ name, count }) => `${name}: ${grouped(count)}`)
  const wide = 100 / bins.length
  return html`<svg class="histogram" width="100%" height="178" role="img" aria-label="${label}. ${inWords.join('; ')}.">
<line class="f-axis" x1="0" x2="100%" y1="${plotTop + plotHeight}" y2="${plotTop + plotHeight}"/>
${bins.map(({ tick, count, look }, at) => {
  const height = count === 0 ? 0 : Math.max(2, Math.round((count / most) * plotHeight))
  const middle = percentOf((at + 0.5) * wide)
  const odd = at % 2 === 1 && bins.length > 12 ? ' odd' : ''
  return html`<rect class="f-${look}" x="${percentOf((at + 0.1) * wide)}" y="${plotTop + plotHeight - height}" width="${percentOf(0.8 * wide)}" height="${height}"/>${
    count === 0
      ? undefined
      : html`<text class="count" x="${middle}" y="${plotTop + plotHeight - height - 4}">${short(count)}</text>`
  }<text class="tick${odd}" x="${middle}" y="${plotTop + plotHeight + 15}">${tick}</text>
`
})}<text class="tick" x="50%" y="${plotTop + plotHeight + 34}">${axis}</text>
</svg>`
}

/** `12k` for 12,345: what fits above a column. The words beside the chart are exact. */
export function short(count: number): string {
  if (count < 1000) return String(count)
  if (count < 1_000_000) return `${count < 10_000 ? Math.floor(count / 100) / 10 : Math.floor(count / 1000)}k`
  return `${Math.floor(count / 100_000) / 10}M`
}

function percentOf(share: number): string {
  return `${Number(share.toFixed(2))}%`
}
