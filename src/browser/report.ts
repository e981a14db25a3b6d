// What the HTML report of an audit does in a browser. npm run docs puts it, with what it imports, as one script
// into src/report/audit/html/script.generated.ts. It reads the data blocks of its own page and nothing else.
import { span } from '../report/audit/html/number-text.ts'
import { SortedTable } from './sorted-table.ts'

const tables = new Map<string, SortedTable>()
for (const box of document.querySelectorAll<HTMLElement>('[data-table]')) {
  const id = box.dataset['table'] ?? ''
  const data = document.getElementById(`${id}-data`)
  if (data !== null) tables.set(id, new SortedTable(box, JSON.parse(data.textContent ?? '')))
}

for (const link of document.querySelectorAll<HTMLAnchorElement>('a[data-show]')) {
  const { show = '', column = '', value = '' } = link.dataset
  const target = tables.get(show)
  if (target === undefined) continue
  link.hash = show
  link.addEventListener('click', () => target.choose(column, value))
}

// An old report must not be taken for the state of things.
for (const time of document.querySelectorAll('time')) {
  const age = Date.now() - Date.parse(time.dateTime)
  if (age > 0) time.append(` (${span(age)} ago)`)
}

const opened: HTMLDetailsElement[] = []
addEventListener('beforeprint', () => {
  opened.push(...document.querySelectorAll<HTMLDetailsElement>('details:not([open])'))
  for (const one of opened) one.open = true
})
addEventListener('afterprint', () => {
  for (const one of opened.splice(0)) one.open = false
})
