import { type EventType, loadAll, type State } from 'js-yaml'
import { isRecord } from '../lib/json/shape.ts'
import { loadOptions } from './js-yaml-reader.ts'

/**
 * The offset of one field, or of the deepest one above it that is there: reads the text only that far. `value` is what
 * the text was read as by the fast parser. undefined where that is not told for sure; readPlaces is.
 */
export function findPlace(text: string, value: unknown, tokens: readonly string[]): number | undefined {
  const wanted = presentTokens(value, tokens)
  if (wanted === undefined || wanted.length === 0) return undefined
  const search = new Search(text, wanted)
  try {
    loadAll(text, null, { ...loadOptions, listener: (event, state) => search.observe(event, state) })
  } catch (error) {
    if (error === reached) return search.found
  }
  return undefined
}

/** The tokens as far as the value has them; undefined where counting events would miscount. */
function presentTokens(value: unknown, tokens: readonly string[]): readonly string[] | undefined {
  let held = value
  for (const [i, token] of tokens.entries()) {
    if (Array.isArray(held)) {
      const index = Number(token)
      // An empty item makes no event.
      if (held.slice(0, index + 1).includes(null)) return undefined
      if (!(index < held.length)) return tokens.slice(0, i)
      held = held[index]
    } else if (isRecord(held) && Object.hasOwn(held, token)) held = held[token]
    else return tokens.slice(0, i)
  }
  return tokens
}

/** Thrown to stop the parser; carries nothing, so it costs nothing. */
const reached = new Error('the wanted field was reached')

type Shape = 'list' | 'map' | 'unknown'

interface Frame {
  readonly at: number
  /** Tokens that lead here; -1 off the way. */
  readonly matched: number
  shape: Shape | undefined
  /** Nodes inside so far: items, or keys and values in turn. */
  count: number
  /** Whether the value that comes next is on the way. */
  isNextWanted: boolean
}

/** Follows the parser down to one field. */
class Search {
  readonly #text: string
  readonly #wanted: readonly string[]
  readonly #frames: Frame[] = []
  found: number | undefined

  constructor(text: string, wanted: readonly string[]) {
    this.#text = text
    this.#wanted = wanted
  }

  observe(event: EventType, state: State): void {
    if (event === 'open') this.#open(state.position)
    else this.#close(state)
  }

  #open(position: number): void {
    const parent = this.#frames.at(-1)
    const matched = parent === undefined ? 0 : parent.matched < 0 ? -1 : this.#enter(parent, position)
    this.#frames.push({ at: position, matched, shape: undefined, count: 0, isNextWanted: false })
  }

  /** How many tokens lead to the node that opens in `parent`. */
  #enter(parent: Frame, position: number): number {
    const start = this.#startOf(parent.at)
    parent.shape ??= this.#shapeAt(start)
    // A flow collection is first tried as a key: then this is the parent once more.
    if (parent.count === 0 && position === start && isFlow(this.#text.charCodeAt(start))) return parent.matched
    const index = parent.count++
    if (parent.shape === 'map') {
      if (index % 2 === 0) return -1
      return parent.isNextWanted ? parent.matched + 1 : -1
    }
    if (parent.shape !== 'list' || String(index) !== this.#wanted[parent.matched]) return -1
    return this.#arrive(parent.matched + 1, position)
  }

  #close(state: State): void {
    const node = this.#frames.pop() as Frame
    const parent = this.#frames.at(-1)
    if (parent === undefined || parent.matched < 0 || parent.shape !== 'map' || parent.count % 2 === 0) return
    parent.isNextWanted = String(state.result) === this.#wanted[parent.matched] && this.#isKey(state.position)
    if (parent.isNextWanted) this.#arrive(parent.matched + 1, this.#startOf(node.at))
  }

  /** In `{a, b: c}` a key may have no value, and makes no event for it. */
  #isKey(end: number): boolean {
    return /^\s*:/.test(this.#text.slice(end, end + maxGap))
  }

  #arrive(matched: number, position: number): number {
    if (matched < this.#wanted.length) return matched
    this.found = position
    throw reached
  }

  /** Spaces, line ends and comments may stand between a colon and its value. */
  #startOf(position: number): number {
    gap.lastIndex = position
    return position + (gap.exec(this.#text)?.[0].length ?? 0)
  }

  #shapeAt(start: number): Shape {
    const char = this.#text[start]
    if (char === '[') return 'list'
    if (char === '-' && /\s/.test(this.#text[start + 1] ?? ' ')) return 'list'
    return char === '!' || char === '&' || char === '?' ? 'unknown' : 'map'
  }
}

const gap = /(?:\s+|#.*)*/y

/** Characters looked at for the colon after a key. */
const maxGap = 64

function isFlow(char: number): boolean {
  return char === 0x5b || char === 0x7b
}
