import { type Child, html, type Markup } from './markup.ts'

/** A part of a bar, by the name of its colour in the style. */
export interface Segment {
  /** Of the whole bar, from 0 to 1. */
  readonly share: number
  readonly look: string
}

export interface Bar {
  /** undefined where a group has one bar, which its label names. */
  readonly name?: Child
  readonly value: Child
  /** From left to right; undefined where there is nothing to draw: not known, or without a limit. */
  readonly segments: readonly Segment[] | undefined
  /** Where a line crosses the bar, from 0 to 1. */
  readonly mark?: number | undefined
}

export interface BarGroup {
  readonly label: Child
  readonly bars: readonly Bar[]
}

/** Horizontal bars as a list. Each has its value in words beside it, for readers who cannot see the bars. */
export function bars(groups: readonly BarGroup[]): Markup {
  return html`<ul class="bars">
${groups.map(({ label, bars: own }) => {
  const isNamed = own.some(({ name }) => name !== undefined)
  return html`<li>${isNamed ? html`<div class="label">${label}</div>` : undefined}${own.map(
    (bar) => html`<div class="line">${nameOf(bar, label)} <span class="value">${bar.value}</span>${drawn(bar)}</div>`
  )}</li>
`
})}</ul>`
}

function nameOf({ name }: Bar, label: Child): Markup {
  return name === undefined ? html`<span class="label">${label}</span>` : html`<span class="name">${name}</span>`
}

/** No viewBox: widths are shares of the page's, and heights stay, so it is as sharp on a phone as in print. */
function drawn({ segments, mark }: Bar): Markup {
  if (segments === undefined) {
    return html`<svg class="bar" width="100%" height="12" aria-hidden="true"><rect class="f-none" x="0.5" y="0.5" width="99.5%" height="11" rx="2"/></svg>`
  }
  let at = 0
  const parts = segments
    .filter(({ share }) => share > 0)
    .map(({ share, look }) => {
      const width = Math.max(0, Math.min(Math.max(share, least), 1 - at))
      const part = html`<rect class="f-${look}" x="${of100(at)}" width="${of100(width)}" height="12"/>`
      at += width
      return part
    })
  const line = mark === undefined ? undefined : html`<rect class="f-mark" x="${of100(mark)}" width="2" height="12"/>`
  return html`<svg class="bar" width="100%" height="12" aria-hidden="true"><rect class="f-track" width="100%" height="12" rx="2"/>${parts}${line}</svg>`
}

/** So that a little can be seen. */
const least = 0.006

function of100(share: number): string {
  return `${Number((Math.min(1, Math.max(0, share)) * 100).toFixed(2))}%`
}
