import type { Bytes } from '../../../lib/units.ts'
import { beginsLarge, cellClass, pageRows, shownCell } from './cells.ts'
import { dataBlock, html, type Markup } from './markup.ts'
import { counted, grouped } from './number-text.ts'
import { type Column, type Packed, pack } from './table-data.ts'

export interface TableSpec<Row> {
  /** Of the element; letters and dashes. */
  readonly id: string
  readonly caption: string
  /** What a row is, for `50 of 5,000 nodes`. */
  readonly noun: readonly [one: string, many: string]
  /** The first one names the row. */
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** Of its data in the page. */
  readonly budget: Bytes
  groupOf?(row: Row): string
  /** What a group is, for `the first 500 of each rule`. */
  readonly group?: string
}

/** Columns that fit side by side on a page of A4. Own choice; a table with more is printed as a block of fields for each row. */
const mostOnPaper = 12

/**
 * A table whose first rows can be read as they are, with all of its rows beside it as data: with them the page's script
 * sorts, filters and turns pages. Rows beyond the budget are left out, and the table says so.
 */
export function table<Row>(spec: TableSpec<Row>): Markup {
  const { id, caption, columns, rows, noun } = spec
  if (rows.length === 0) return html`<p class="none">${caption}: none.</p>`
  const packed = pack(columns, rows, spec.budget, spec.groupOf)
  const first = packed.rows.slice(0, pageRows)
  return html`<div class="table" data-table="${id}" data-one="${noun[0]}" data-many="${noun[1]}">
${tools(id, caption, columns)}
<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-caption">
<table role="table" id="${id}"${columns.length > mostOnPaper ? html` class="wide"` : undefined}>
<caption id="${id}-caption">${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(headCell)}</tr></thead>
<tbody role="rowgroup">${first.map((row) => bodyRow(columns, row))}</tbody>
</table>
</div>
${footOf(spec, packed, first.length)}
${packed.rows.length > 1 ? dataBlock(`${id}-data`, packed.columns) : undefined}
</div>`
}

function headCell<Row>({ title, kind }: Column<Row>): Markup {
  return html`<th role="columnheader" scope="col" class="c-${kind}">${title}</th>`
}

function bodyRow<Row>(columns: readonly Column<Row>[], row: Row): Markup {
  return html`<tr role="row">${columns.map(({ title, kind, cell }, at) => {
    const value = cell(row)
    const { text } = shownCell(kind, value)
    const looks = cellClass(kind, value)
    return at === 0
      ? html`<th role="rowheader" scope="row" class="${looks}" data-label="${title}"><bdi>${text}</bdi></th>`
      : html`<td role="cell" class="${looks}" data-label="${title}"><bdi>${text}</bdi></td>`
  })}</tr>`
}

/** Controls are there for the script, and hidden until it runs. */
function tools<Row>(id: string, caption: string, columns: readonly Column<Row>[]): Markup {
  return html`<div class="tools" role="search" aria-label="${caption}" hidden>
<label>Filter <input type="search" data-filter autocomplete="off" spellcheck="false" aria-controls="${id}"></label>
${columns.map(({ title, choose }, at) =>
  choose ? html`<label>${title} <select data-choose="${at}"><option value="">all</option></select></label>` : undefined
)}
<label class="narrow">Sort by <select data-sort><option value="">as it came</option>${columns.map(
    ({ title, kind }, at) =>
      html`<option value="${at}">${title}, ${beginsLarge(kind) ? 'largest' : 'first'} first</option>`
  )}</select></label>
<button type="button" data-reset>Reset</button>
</div>`
}

function footOf<Row>({ rows, noun, group }: TableSpec<Row>, packed: Packed<Row>, shown: number): Markup {
  const left = rows.length - packed.rows.length
  const each =
    packed.perGroup === undefined || group === undefined ? '' : `, at most ${packed.perGroup} of each ${group}`
  return html`<div class="foot">
<p role="status" data-status>${shown < rows.length ? `${grouped(shown)} of ` : undefined}${counted(rows.length, ...noun)}.</p>
<div class="pages" hidden><button type="button" data-page="-1">Previous</button> <button type="button" data-page="1">Next</button></div>
${
  packed.rows.length > shown
    ? html`<p data-plain>The other rows, sorting and filtering need scripts; or see the JSON report.</p>`
    : undefined
}
${
  left > 0
    ? html`<p class="left">This page holds ${grouped(packed.rows.length)} of ${grouped(rows.length)} ${noun[1]}${each}: and ${grouped(left)} more, see the JSON report (pidguard audit -o json).</p>`
    : undefined
}
</div>`
}
