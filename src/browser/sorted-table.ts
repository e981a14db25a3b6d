import {
  beginsLarge,
  type Cell,
  type CellKind,
  cellClass,
  type PackedColumn,
  pageRows,
  shownCell,
  sortKey
} from '../report/audit/html/cells.ts'
import { counted, grouped } from '../report/audit/html/number-text.ts'

/** On a phone a row is as high as a card. The same width as in the style. */
const rowsShown = matchMedia('(max-width: 47.99rem)').matches ? 10 : pageRows

/** So few can be seen at a glance. */
const fewRows = 5

/** A table of the page that can be sorted, filtered and turned page by page. */
export class SortedTable {
  readonly #columns: readonly PackedColumn[]
  readonly #box: HTMLElement
  readonly #heads: readonly HTMLElement[]
  readonly #body: HTMLElement
  readonly #chosen = new Map<number, string>()
  /** What a row says, in lower case; made when it is first looked for. */
  #texts: readonly string[] | undefined
  #query = ''
  #sort: { readonly column: number; readonly isDown: boolean } | undefined
  #page = 0

  constructor(box: HTMLElement, columns: readonly PackedColumn[]) {
    this.#box = box
    this.#columns = columns
    this.#heads = [...box.querySelectorAll<HTMLElement>('thead th')]
    this.#body = find(box, 'tbody')
    this.#control()
    if (rowsShown < pageRows) this.#draw()
    else this.#tell(this.#rows())
  }

  /** Shows only the rows whose column has the value; all others are let go. */
  choose(title: string, value: string): void {
    this.#clear()
    const column = this.#columns.findIndex((one) => one.title === title)
    const list = this.#box.querySelector<HTMLSelectElement>(`[data-choose="${column}"]`)
    if (list === null) return
    list.value = value
    this.#chosen.set(column, value)
    find(this.#box, '.tools').hidden = false
    this.#draw()
  }

  #control(): void {
    for (const [at, head] of this.#heads.entries()) {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = head.textContent
      button.addEventListener('click', () => this.#sortBy(at))
      head.replaceChildren(button)
      head.setAttribute('aria-sort', 'none')
    }
    this.#on('[data-filter]', 'input', (field) => {
      this.#query = field.value
    })
    this.#on('[data-sort]', 'change', ({ value }) => this.#sortFirst(value === '' ? undefined : Number(value)))
    this.#on('[data-reset]', 'click', () => this.#clear())
    for (const list of this.#box.querySelectorAll<HTMLSelectElement>('[data-choose]')) this.#offer(list)
    for (const button of this.#box.querySelectorAll<HTMLElement>('[data-page]')) {
      button.addEventListener('click', () => {
        this.#draw(this.#page + Number(button.dataset['page']))
        this.#box.scrollIntoView({ block: 'start' })
      })
    }
    find(this.#box, '.tools').hidden = this.#indexes().length <= fewRows
    for (const part of this.#box.querySelectorAll<HTMLElement>('[data-plain]')) part.hidden = true
  }

  #on(selector: string, event: string, change: (field: HTMLInputElement) => void): void {
    const field = find<HTMLInputElement>(this.#box, selector)
    field.addEventListener(event, () => {
      change(field)
      this.#draw()
    })
  }

  #offer(list: HTMLSelectElement): void {
    const at = Number(list.dataset['choose'])
    const values = new Set(this.#indexes().map((row) => this.#textAt(at, row)))
    for (const value of [...values].sort(byName)) list.add(new Option(value, value))
    list.addEventListener('change', () => {
      if (list.value === '') this.#chosen.delete(at)
      else this.#chosen.set(at, list.value)
      this.#draw()
    })
  }

  #clear(): void {
    this.#query = ''
    this.#chosen.clear()
    for (const field of this.#box.querySelectorAll<HTMLInputElement>('[data-filter], [data-choose]')) field.value = ''
    this.#sortFirst(undefined)
    this.#draw()
  }

  #sortBy(column: number): void {
    const isSame = this.#sort?.column === column
    this.#mark(column, isSame ? this.#sort?.isDown !== true : beginsLarge(this.#kindOf(column)))
    this.#draw()
  }

  #sortFirst(column: number | undefined): void {
    if (column === undefined) this.#mark(undefined, false)
    else this.#mark(column, beginsLarge(this.#kindOf(column)))
  }

  #mark(column: number | undefined, isDown: boolean): void {
    this.#sort = column === undefined ? undefined : { column, isDown }
    for (const [at, head] of this.#heads.entries()) {
      head.setAttribute('aria-sort', at !== column ? 'none' : isDown ? 'descending' : 'ascending')
    }
    find<HTMLSelectElement>(this.#box, '[data-sort]').value = column === undefined ? '' : String(column)
  }

  /** The places of the rows to show, in their order. */
  #rows(): number[] {
    const words = this.#query.toLowerCase().split(/\s+/).filter(Boolean)
    const rows = this.#indexes().filter(
      (row) =>
        [...this.#chosen].every(([column, value]) => this.#textAt(column, row) === value) &&
        words.every((word) => this.#textOf(row).includes(word))
    )
    const sort = this.#sort
    if (sort === undefined) return rows
    const kind = this.#kindOf(sort.column)
    const keys = this.#indexes().map((row) => sortKey(kind, this.#cellAt(sort.column, row)))
    return rows.sort((a, b) => compare(keys[a] ?? null, keys[b] ?? null, sort.isDown) || a - b)
  }

  #draw(page = 0): void {
    const rows = this.#rows()
    this.#page = Math.max(0, Math.min(page, Math.ceil(rows.length / rowsShown) - 1))
    const from = this.#page * rowsShown
    this.#body.replaceChildren(...rows.slice(from, from + rowsShown).map((row) => this.#rowElement(row)))
    this.#tell(rows)
  }

  #rowElement(row: number): HTMLElement {
    const line = document.createElement('tr')
    line.setAttribute('role', 'row')
    for (const [at, { title, kind }] of this.#columns.entries()) {
      const value = this.#cellAt(at, row)
      const cell = document.createElement(at === 0 ? 'th' : 'td')
      cell.setAttribute('role', at === 0 ? 'rowheader' : 'cell')
      if (at === 0) cell.setAttribute('scope', 'row')
      cell.className = cellClass(kind, value)
      cell.dataset['label'] = title
      const text = document.createElement('bdi')
      text.textContent = shownCell(kind, value).text
      cell.append(text)
      line.append(cell)
    }
    return line
  }

  #tell(rows: readonly number[]): void {
    const { one = '', many = '' } = this.#box.dataset
    const all = this.#indexes().length
    const from = this.#page * rowsShown
    const last = Math.min(from + rowsShown, rows.length)
    const part = rows.length > rowsShown ? `${grouped(from + 1)} to ${grouped(last)} of ` : ''
    const filtered = rows.length < all ? `, of ${grouped(all)} on this page` : ''
    find(this.#box, '[data-status]').textContent = `${part}${counted(rows.length, one, many)}${filtered}.`
    find(this.#box, '.pages').hidden = rows.length <= rowsShown
    find<HTMLButtonElement>(this.#box, '[data-page="-1"]').disabled = from === 0
    find<HTMLButtonElement>(this.#box, '[data-page="1"]').disabled = last >= rows.length
  }

  #textOf(row: number): string {
    this.#texts ??= this.#indexes().map((one) =>
      this.#columns
        .map((_, at) => this.#textAt(at, one))
        .join('\n')
        .toLowerCase()
    )
    return this.#texts[row] ?? ''
  }

  #textAt(column: number, row: number): string {
    return shownCell(this.#kindOf(column), this.#cellAt(column, row)).text
  }

  #cellAt(column: number, row: number): Cell {
    const { words, cells } = this.#columns[column] as PackedColumn
    const cell = cells[row] ?? null
    return words === undefined || cell === null ? cell : (words[cell as number] ?? null)
  }

  #kindOf(column: number): CellKind {
    return (this.#columns[column] as PackedColumn).kind
  }

  #indexes(): number[] {
    return [...(this.#columns[0]?.cells.keys() ?? [])]
  }
}

const names = new Intl.Collator('en', { numeric: true })

function byName(a: string, b: string): number {
  return names.compare(a, b)
}

/** What is not known comes last, whichever way. */
function compare(a: string | number | null, b: string | number | null, isDown: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  const order = typeof a === 'string' || typeof b === 'string' ? byName(String(a), String(b)) : a - b
  return isDown ? -order : order
}

function find<E extends HTMLElement = HTMLElement>(box: ParentNode, selector: string): E {
  const found = box.querySelector<E>(selector)
  if (found === null) throw new Error(`the page has no ${selector}`)
  return found
}
