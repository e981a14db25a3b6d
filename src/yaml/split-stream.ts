/** One document of a stream, before it is read. */
export interface DocumentText {
  readonly text: string
  /** Line of the file, from 1, that the text starts on. */
  readonly line: number
  /** Text after `---` on the same line that is no comment; kubectl refuses it. */
  readonly afterSeparator?: string
}

/**
 * Takes a stream apart as kubectl does before it parses anything (apimachinery pkg/util/yaml decoder.go YAMLReader): at
 * each line that starts with `---`. So an anchor does not reach the next document, and what is wrong with one document
 * does not touch the others.
 */
export class DocumentSplitter {
  /** The text of the open document so far. */
  #pieces: string[] = []
  /** The start of a line that may become a separator with the next chunk. */
  #held = ''
  /** Whether the next chunk begins in the middle of a line. */
  #isMidLine = false
  #line = 1
  #afterSeparator: string | undefined

  /** The documents that `chunk` completes. Each chunk is searched once, however long the document is. */
  push(chunk: string): DocumentText[] {
    const done: DocumentText[] = []
    let text = this.#held + chunk
    this.#held = ''
    for (;;) {
      const at = separatorAt(text, this.#isMidLine)
      const end = at < 0 ? -1 : text.indexOf('\n', at)
      if (end < 0) break
      done.push(this.#close(text.slice(0, at), text.slice(at + 3, end)))
      text = text.slice(end + 1)
    }
    this.#hold(text)
    return done
  }

  /** The documents that are left when the stream ends. */
  end(): DocumentText[] {
    const done = this.#held.startsWith('---') ? [this.#close('', this.#held.slice(3))] : []
    done.push(this.#document(this.#held.startsWith('---') ? '' : this.#held))
    this.#held = ''
    return done
  }

  #hold(text: string): void {
    const start = text.lastIndexOf('\n') + 1
    const last = text.slice(start)
    const isLineStart = start > 0 || !this.#isMidLine
    const isOpen = isLineStart && ('---'.startsWith(last) || last.startsWith('---'))
    this.#held = isOpen ? last : ''
    const known = isOpen ? text.slice(0, start) : text
    if (known !== '') {
      this.#pieces.push(known)
      this.#isMidLine = !known.endsWith('\n')
    }
  }

  #close(text: string, afterSeparator: string): DocumentText {
    const document = this.#document(ownCopy(text))
    this.#afterSeparator = endOfSeparator.test(afterSeparator) ? undefined : afterSeparator.trim()
    this.#line += linesIn(document.text) + 1
    this.#isMidLine = false
    return document
  }

  #document(text: string): DocumentText {
    const whole = this.#pieces.length === 0 ? text : this.#pieces.join('') + text
    this.#pieces = []
    const after = this.#afterSeparator
    return { text: whole, line: this.#line, ...(after === undefined ? undefined : { afterSeparator: after }) }
  }
}

/** Spaces, and a comment behind them. Unicode has more spaces, which are none for YAML. */
const endOfSeparator = /^[ \t\r]*(?:$|(?<=[ \t])#)/

/** In V8 a substring keeps its whole string alive, and reports keep substrings of documents. */
function ownCopy(text: string): string {
  return ` ${text}`.slice(1)
}

/** Index of the first `---` at the start of a line, or -1. */
function separatorAt(text: string, isMidLine: boolean): number {
  if (!isMidLine && text.startsWith('---')) return 0
  const at = text.indexOf('\n---')
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
