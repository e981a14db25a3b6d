/** Without its first quote: quotes are everywhere, and a search is as quick as its first letter is rare. */
const head = 'managedFields":['

/** Characters. Of a longer text a copy without its lists costs more than parsing them does (measured at 1 MB). */
const longest = 256 * 1024

/**
 * A JSON text without the elements of its `managedFields` lists: which client set which field (kubernetes apimachinery
 * pkg/apis/meta/v1 ManagedFieldsEntry) is read by no rule, and is up to a third of a review. Stepping over it costs a
 * fraction of parsing it. A list that does not end is left for the parser to complain about.
 */
export function withoutManagedFields(text: string): string {
  if (text.length > longest) return text
  let kept = ''
  let done = 0
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, Math.max(done, at + head.length))) {
    if (!isMember(text, at)) continue
    const from = at + head.length
    const to = endOfList(text, from)
    if (to === undefined) break
    kept += text.slice(done, from)
    done = to
  }
  return done === 0 ? text : kept + text.slice(done)
}

const quote = 0x22
const backslash = 0x5c
const opening = 0x5b
const closing = 0x5d
const brace = 0x7b
const comma = 0x2c

/**
 * Whether a match is the name of a member as the API server writes it: in compact JSON the quote of a name follows `{`
 * or `,`. What follows a backslash is the inside of a longer name.
 */
function isMember(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 2)
  return text.charCodeAt(at - 1) === quote && (before === brace || before === comma)
}

/** Where the list ends whose elements begin at `from`: the place of its `]`. undefined when it does not end. */
function endOfList(text: string, from: number): number | undefined {
  let depth = 1
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) {
      i = endOfString(text, i)
    } else if (code === opening) {
      depth++
    } else if (code === closing && --depth === 0) {
      return i
    }
  }
  return undefined
}

/** The place of the quote that ends the string which the one at `start` begins. */
function endOfString(text: string, start: number): number {
  let i = start + 1
  for (let code = text.charCodeAt(i); i < text.length && code !== quote; code = text.charCodeAt(i)) {
    i += code === backslash ? 2 : 1
  }
  return i
}
