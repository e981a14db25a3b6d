import { indexOf, splitPointer } from '../lib/json/pointer.ts'
import { type BlockLines, blockLinesOf } from './block-lines.ts'
import { plainScalar } from './kubectl-scalars.ts'

/** A collection in blocks: where its first key or dash is, on which of the lines, and in which column. */
interface Block {
  readonly at: number
  readonly line: number
  readonly column: number
}

/** A key or an item on the way to a field: where it begins, and its value where that is a block. */
interface Step {
  readonly token: string
  readonly at: number
  readonly value: Block | undefined
}

/** A step with what is known of the collection that its value is. */
interface OpenStep extends Step {
  /** Whether a member was asked for: most mappings are asked once, and pay for no index. */
  isAsked: boolean
  /** The members of a mapping by key, once a second one is asked for. */
  members: ReadonlyMap<string, Step> | undefined
  /** The items of a list. */
  items: readonly Step[] | undefined
}

/**
 * Finds fields in a YAML text that was read without aliases and merge keys, where the way to them is written as nearly everybody
 * does: in blocks, with keys that need no quotes. Each line is looked at by its indentation, and no place is kept that nobody asks
 * for. Measured on a List of 20,000 Pods, the whole of `validate`: 1.03 s of user CPU, with the places of plain-manifest.ts 1.32.
 */
export class BlockLocator {
  readonly #text: string
  readonly #lines: BlockLines | undefined
  /** The way to the field that was asked for last; empty where the text is written otherwise. */
  readonly #open: OpenStep[] = []

  constructor(text: string) {
    this.#text = text
    this.#lines = blockLinesOf(text)
    const [at, column] = [this.#lines?.starts[0], this.#lines?.indents[0]]
    if (at !== undefined && column !== undefined)
      this.#open.push(opened({ token: '', at, value: { at, line: 0, column } }))
  }

  /** Where the key or item begins that `pointer` names, or the deepest one above it that is there; undefined: not sure. */
  offsetOf(pointer: string): number | undefined {
    const open = this.#open
    let depth = 0
    for (const token of splitPointer(pointer)) {
      const holder = open[depth]
      if (holder === undefined) return undefined
      if (open[depth + 1]?.token !== token) {
        const found = this.#memberOf(holder, token)
        if (found === undefined) return undefined
        if (found === absent) break
        open.length = depth + 1
        open.push(opened(found))
      }
      depth++
    }
    return open[depth]?.at
  }

  /** undefined: not sure. */
  #memberOf(holder: OpenStep, token: string): Step | typeof absent | undefined {
    const { value } = holder
    if (value === undefined) return undefined
    if (isDash(this.#text, value.at)) {
      holder.items ??= this.#itemsOf(value)
      if (holder.items === undefined) return undefined
      return holder.items[indexOf(token)] ?? absent
    }
    if (holder.isAsked) {
      holder.members ??= this.#membersOf(value)
      return holder.members === undefined ? undefined : (holder.members.get(token) ?? absent)
    }
    holder.isAsked = true
    return this.#find(value, token)
  }

  /** The member with this key; undefined where the mapping is written otherwise, or has the key twice. */
  #find(mapping: Block, token: string): Step | typeof absent | undefined {
    let found: Step | typeof absent = absent
    let count = 0
    const isSure = this.#each(mapping, (at, end, line) => {
      if (end - at !== token.length || !this.#text.startsWith(token, at)) return
      count++
      found = { token, at, value: this.#valueOf(end, line, mapping.column) }
    })
    return isSure && count <= 1 ? found : undefined
  }

  #membersOf(mapping: Block): ReadonlyMap<string, Step> | undefined {
    const members = new Map<string, Step>()
    let count = 0
    const isSure = this.#each(mapping, (at, end, line) => {
      count++
      const token = this.#text.slice(at, end)
      members.set(token, { token, at, value: this.#valueOf(end, line, mapping.column) })
    })
    return isSure && members.size === count ? members : undefined
  }

  /** Calls `member` with each key; false where one is written otherwise. */
  #each(mapping: Block, member: (at: number, end: number, line: number) => void): boolean {
    const { starts } = this.#lines as BlockLines
    let at: number | undefined = mapping.at
    for (let line = mapping.line; at !== undefined; at = starts[line]) {
      // A list may be in the column of its key.
      if (!isDash(this.#text, at)) {
        const end = endOfKey(this.#text, at)
        if (end < 0) return false
        member(at, end, line)
      }
      line = this.#nextIn(mapping.column, line)
    }
    return true
  }

  /** The value of the key that ends at `keyEnd`, where it is a block on the next lines. */
  #valueOf(keyEnd: number, line: number, column: number): Block | undefined {
    if (!isEnd(this.#text, keyEnd + 1)) return undefined
    const { starts, indents } = this.#lines as BlockLines
    const [at, own] = [starts[line + 1], indents[line + 1]]
    if (at === undefined || own === undefined) return undefined
    return own > column || (own === column && isDash(this.#text, at)) ? { at, line: line + 1, column: own } : undefined
  }

  /** undefined where one of them is empty, or has an anchor or a tag. */
  #itemsOf(list: Block): readonly Step[] | undefined {
    const { starts } = this.#lines as BlockLines
    const items: Step[] = []
    let at: number | undefined = list.at
    for (let line = list.line; at !== undefined && isDash(this.#text, at); at = starts[line]) {
      const item = this.#itemAt(String(items.length), at, line, list.column)
      if (item === undefined) return undefined
      items.push(item)
      line = this.#nextIn(list.column, line)
    }
    return items
  }

  #itemAt(token: string, dash: number, line: number, column: number): Step | undefined {
    let at = dash + 1
    if (isEnd(this.#text, at)) {
      const value = this.#valueOf(dash, line, column)
      return value === undefined || value.column === column ? undefined : { token, at: value.at, value }
    }
    while (this.#text.charCodeAt(at) === space) at++
    if ('&!*'.includes(this.#text.charAt(at))) return undefined
    const isBlock = isDash(this.#text, at) || endOfKey(this.#text, at) >= 0
    return { token, at, value: isBlock ? { at, line, column: column + at - dash } : undefined }
  }

  /** The next line in this column; one that does not exist where the block ends before. */
  #nextIn(column: number, line: number): number {
    const { indents } = this.#lines as BlockLines
    let next = line + 1
    while ((indents[next] ?? 0) > column) next++
    return indents[next] === column ? next : indents.length
  }
}

const absent = Symbol('absent')

function opened({ token, at, value }: Step): OpenStep {
  return { token, at, value, isAsked: false, members: undefined, items: undefined }
}

const [newline, space, hash, dash, colon] = [0x0a, 0x20, 0x23, 0x2d, 0x3a]

function isDash(text: string, at: number): boolean {
  return text.charCodeAt(at) === dash && isBreak(text.charCodeAt(at + 1))
}

/** A space, a line end, or the end of the text. */
function isBreak(char: number): boolean {
  return char === space || char === newline || Number.isNaN(char)
}

/** Whether nothing but a comment is left of the line. */
function isEnd(text: string, start: number): boolean {
  let at = start
  while (text.charCodeAt(at) === space) at++
  const char = text.charCodeAt(at)
  return char === newline || Number.isNaN(char) || (char === hash && at > start)
}

const tableOf = (fits: RegExp): readonly boolean[] =>
  Array.from({ length: 128 }, (_, code) => fits.test(String.fromCharCode(code)))

/** By code: letters; and digits and the signs of names too. */
const [isKeyStart, isInKey] = [tableOf(/[A-Za-z_]/), tableOf(/[\w./-]/)]

/** Characters of the longest word that is no text: false. */
const longestWord = 5

/** Where the key ends that begins at `start`; -1 where it is none that everybody reads alike. */
function endOfKey(text: string, start: number): number {
  if (isKeyStart[text.charCodeAt(start)] !== true) return -1
  let at = start + 1
  while (isInKey[text.charCodeAt(at)] === true) at++
  if (text.charCodeAt(at) !== colon || !isBreak(text.charCodeAt(at + 1))) return -1
  if (at - start <= longestWord && typeof plainScalar(text.slice(start, at)) !== 'string') return -1
  return at
}
