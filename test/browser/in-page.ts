// Expressions that the tests have a page evaluate: plain JavaScript in strings, since it runs over there.

/** Texts that are too faint for their background, by WCAG: under 4.5, or under 3 where they are large. */
export const faintTexts = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
    return (light + 0.05) / (dark + 0.05)
  }
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor)
      if (color.length === 3 || color[3] > 0) return color
    }
    return [255, 255, 255]
  }
  const faint = new Set()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  let looked = 0
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement
    if (node.data.trim() === '' || element.closest('script, style, .skip') || !element.checkVisibility()) continue
    const look = getComputedStyle(element)
    const ink = parse(element instanceof SVGElement ? look.fill : look.color)
    const size = parseFloat(look.fontSize)
    const isLarge = size >= 24 || (size >= 18.66 && Number(look.fontWeight) >= 700)
    const isOff = element.matches(':disabled, :disabled *')
    looked++
    if (!isOff && contrast(ink, backgroundOf(element)) < (isLarge ? 3 : 4.5)) faint.add(element.className + ': ' + node.data.slice(0, 40))
  }
  const paper = parse(getComputedStyle(document.querySelector('section')).backgroundColor)
  const track = parse(getComputedStyle(document.querySelector('.f-track')).fill)
  for (const rect of document.querySelectorAll('rect')) {
    const name = rect.getAttribute('class')
    if (name === 'f-track' || name === 'f-none') continue
    const look = getComputedStyle(rect)
    const edge = parse(look.stroke === 'none' ? look.fill : look.stroke)
    looked++
    if (contrast(edge, paper) < 3 || contrast(edge, track) < 3) faint.add(name + ' is drawn too faintly')
  }
  return { looked, faint: [...faint] }
})()`

/** Elements that reach beyond the width of the page, but those that may be scrolled by themselves. */
export const tooWide = `(() => {
  const width = document.documentElement.clientWidth
  const wide = [...document.body.querySelectorAll('*')].filter((element) =>
    element.checkVisibility() && !element.closest('.skip, thead') && !element.parentElement.closest('.scroll') &&
    element.getBoundingClientRect().right > width + 1)
  return { scroll: document.documentElement.scrollWidth - width, wide: wide.map((one) => one.outerHTML.slice(0, 120)) }
})()`

/** Cells that paper cuts off, and cells with a text whose column has no title that is shown. */
export const unreadOnPaper = `(() => {
  const width = document.documentElement.clientWidth
  const wrong = []
  for (const table of document.querySelectorAll('table')) {
    const titled = table.tHead.checkVisibility()
    for (const cell of table.querySelectorAll('tbody th, tbody td')) {
      const at = table.id + ' ' + cell.dataset.label + ': ' + cell.textContent.slice(0, 40)
      if (cell.textContent !== '' && !cell.checkVisibility()) wrong.push(at + ' is not shown')
      if (cell.getBoundingClientRect().right > width + 1 || cell.scrollWidth > cell.clientWidth + 1) wrong.push(at + ' is cut off')
      const title = getComputedStyle(cell, '::before').content
      if (!titled && cell.tagName === 'TD' && !title.includes(cell.dataset.label)) wrong.push(at + ' has no title')
    }
  }
  return wrong
})()`

/** What is missing for those who do not see the page, or have no mouse. */
export const inaccessible = `(() => {
  const wrong = []
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.tagName[1]))
  levels.forEach((level, at) => { if (level > (levels[at - 1] ?? 0) + 1) wrong.push('heading ' + at + ' skips a level') })
  if (levels.filter((level) => level === 1).length !== 1) wrong.push('not one h1')
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption?.textContent) wrong.push(table.id + ' has no caption')
    for (const head of table.querySelectorAll('thead th')) {
      if (head.scope !== 'col') wrong.push(table.id + ' has a head without a scope')
      if (!head.querySelector('button') && document.getElementById(table.id + '-data')) wrong.push(table.id + ' has a head that cannot be pressed')
    }
  }
  for (const field of document.querySelectorAll('input, select')) if (!field.labels?.length) wrong.push('a field without a label')
  for (const svg of document.querySelectorAll('svg')) {
    if (svg.getAttribute('aria-hidden') !== 'true' && !(svg.getAttribute('role') === 'img' && svg.getAttribute('aria-label'))) wrong.push('a chart without words')
  }
  for (const part of document.querySelectorAll('[aria-labelledby]')) if (!document.getElementById(part.getAttribute('aria-labelledby'))) wrong.push('a label that is not there')
  for (const link of document.querySelectorAll('a')) if (!document.getElementById(link.hash.slice(1))) wrong.push('a link to nowhere: ' + link.hash)
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id)
  if (new Set(ids).size !== ids.length) wrong.push('an id twice')
  if (document.documentElement.lang !== 'en') wrong.push('no language')
  return wrong
})()`

/** The first cells of the rows of a table that are shown. */
export function rowsOf(table: string): string {
  return `[...document.querySelectorAll('#${table} tbody tr')].map((row) => row.cells[0].textContent)`
}

/** One column of a table, by its place. */
export function cellsOf(table: string, column: number): string {
  return `[...document.querySelectorAll('#${table} tbody tr')].map((row) => row.cells[${column}].textContent)`
}

/** Types into a field, or chooses in it, as a person would have. */
export function enter(selector: string, value: string): string {
  return `(() => {
    const field = document.querySelector(${JSON.stringify(selector)})
    field.value = ${JSON.stringify(value)}
    field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input'))
  })()`
}

export function click(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)}).click()`
}

export function textOf(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)}).textContent`
}
