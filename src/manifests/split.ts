/** One document of a stream, before it is read. */
export interface DocumentText {
  readonly text: string
  /** Line of the file, from 1, that the text starts on. */
  readonly line: number
  /** What stands after `---` on its line where only a comment may; kubectl refuses it. */
  readonly afterSeparator?: string
}

/**
 * Takes a stream apart as kubectl does before it parses anything (apimachinery pkg/util/yaml decoder.go YAMLReader): at
 * each line that starts with `---`. So an anchor does not reach the next document, and what is wrong with one document
 * does not touch the others.
 */
export class DocumentSplitter {
  #rest = ''
  #line = 1
  #afterSeparator: string | undefined

  /** The documents that `chunk` completes. */
  push(chunk: string): DocumentText[] {
    const held = this.#rest.length
    this.#rest += chunk
    const done: DocumentText[] = []
    // Only the last line of what was held may still be, or become, a separator.
    for (let from = held === 0 ? 0 : Math.max(0, this.#rest.lastIndexOf('\n', held - 1)); ; from = 0) {
      const at = separatorAt(this.#rest, from)
      const end = at < 0 ? -1 : this.#rest.indexOf('\n', at)
      if (end < 0) return done
      done.push(this.#take(at, end))
    }
  }

  /** The documents that are left when the stream ends. */
  end(): DocumentText[] {
    // All others are taken already; this one stands in a last line without an end.
    const at = this.#rest.lastIndexOf('\n') + 1
    const done = this.#rest.startsWith('---', at) ? [this.#take(at, this.#rest.length)] : []
    done.push(this.#document(this.#rest))
    this.#rest = ''
    return done
  }

  #take(at: number, end: number): DocumentText {
    const document = this.#document(this.#rest.slice(0, at))
    const after = this.#rest.slice(at + 3, end).trim()
    this.#afterSeparator = after === '' || after.startsWith('#') ? undefined : after
    this.#line += linesIn(document.text) + 1
    this.#rest = this.#rest.slice(end + 1)
    return document
  }

  #document(text: string): DocumentText {
    const after = this.#afterSeparator
    return { text, line: this.#line, ...(after === undefined ? undefined : { afterSeparator: after }) }
  }
}

/** Index of the first `---` at the start of a line, or -1. */
function separatorAt(text: string, from: number): number {
  if (from === 0 && text.startsWith('---')) return 0
  const at = text.indexOf('\n---', from)
  return at < 0 ? -1 : at + 1
}

/** How many line ends a text has. */
export function linesIn(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/** Where each of several JSON values that follow one another begins and ends; kubectl takes such a stream as well. */
export function* splitJson(text: string): Generator<{ start: number; end: number }> {
  let depth = 0
  let start = -1
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === 0x22) {
      i = endOfString(text, i)
    } else if (char === 0x7b || char === 0x5b) {
      if (depth++ === 0) start = i
    } else if ((char === 0x7d || char === 0x5d) && --depth === 0) {
      yield { start, end: i + 1 }
      start = -1
    }
  }
  if (start >= 0) yield { start, end: text.length }
}

function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === 0x5c) i++
    else if (char === 0x22) return i
  }
  return text.length
}
