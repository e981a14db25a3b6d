/** Text that is markup already. Nothing but this module and its literals makes it. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Child = Markup | string | number | undefined | readonly Child[]

/** Markup from a literal. Values are escaped as text unless they are Markup. Attributes must be in `"`. */
export function html(parts: TemplateStringsArray, ...children: readonly Child[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...children.map(textOf)))
}

function textOf(child: Child): string {
  if (child === undefined) return ''
  if (child instanceof Markup) return child.text
  if (typeof child === 'object') return child.map(textOf).join('')
  return escaped(visible(String(child)))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string)
}

/** UTF-16 units. Own choice: names have at most 253, and a longer message is not read on a page. */
const longest = 400

/**
 * A text that shows what it holds: control characters, format characters (which turn the direction of writing, or have no
 * width) and lone surrogates appear by their number. A long text is cut in the middle, because both ends of a name matter.
 */
export function visible(text: string): string {
  return cut(
    cut(text)
      .replace(/[\t\n\r]+/g, ' ')
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, numberOf)
  )
}

function cut(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest / 2)}…${text.slice(1 - longest / 2)}`
}

function numberOf(character: string): string {
  const point = character.codePointAt(0) as number
  return `[U+${point.toString(16).toUpperCase().padStart(4, '0')}]`
}

/** Text of a rule, with code where it has backticks. */
export function prose(text: string): Markup {
  return html`${text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

/** A value for a script block of type application/json: no end of a script and no markup is in it. */
export function dataBlock(id: string, value: unknown): Markup {
  return html`<script type="application/json" id="${id}">${new Markup(dataText(value))}</script>`
}

/** JSON without a character that means something to HTML or to a line of a script. */
export function dataText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}
