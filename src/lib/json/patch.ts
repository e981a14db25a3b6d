import { tokensOf } from './pointer.ts'
import { isRecord, malformed } from './shape.ts'

/** An RFC 6902 operation, of the three kinds pidguard makes. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

type Holder = Record<string, unknown> | unknown[]

/**
 * An object being changed. Each change is made in place, so the next fix sees it, and recorded as an RFC 6902
 * operation, so the cost follows the change and not the object's size. The draft owns the object: give it a clone
 * where the original is still needed.
 */
export class Draft {
  readonly object: Record<string, unknown>
  readonly #operations: PatchOperation[] = []
  /** Holders this draft made: what changes inside them is already part of a recorded value. */
  readonly #made = new Set<Holder>()
  /** Takes back each change; the last one first. */
  readonly #undo: (() => void)[] = []

  constructor(object: Record<string, unknown>) {
    this.object = object
  }

  /** What was changed so far, in order; a whole patch, ready to apply. */
  get operations(): readonly PatchOperation[] {
    return this.#operations
  }

  /** Sets the member at `pointer`, making the objects above it where they are absent or null. */
  set(pointer: string, value: unknown): void {
    const tokens = tokensOf(pointer)
    let holder: Holder = this.object
    for (let i = 0; i < tokens.length - 1; i++) {
      const next: unknown = member(holder, tokens[i] as string)
      if (next === undefined || next === null) {
        this.#put(holder, tokens[i] as string, pointerOf(pointer, i + 1), nested(tokens.slice(i + 1), value))
        return
      }
      if (typeof next !== 'object') throw malformed('an object or a list', next, pointerOf(pointer, i + 1))
      holder = next as Holder
    }
    this.#put(holder, tokens.at(-1) as string, pointer, value)
  }

  /** Appends to the list at `pointer`, making it where it is absent or null. */
  append(pointer: string, value: unknown): void {
    const list = this.#at(pointer)
    if (list === undefined || list === null) {
      this.set(pointer, [value])
      return
    }
    if (!Array.isArray(list)) throw malformed('a list', list, pointer)
    list.push(value)
    this.#undo.push(() => list.pop())
    this.#own(value)
    if (!this.#made.has(list)) this.#operations.push({ op: 'add', path: `${pointer}/-`, value })
  }

  /** Removes the member or element at `pointer`; nothing happens when it is not there. */
  remove(pointer: string): void {
    const slash = pointer.lastIndexOf('/')
    const holder = this.#at(pointer.slice(0, slash))
    const token = tokensOf(pointer.slice(slash))[0] as string
    if (Array.isArray(holder)) {
      const index = Number(token)
      if (index >= holder.length) return
      const [before] = holder.splice(index, 1)
      this.#undo.push(() => holder.splice(index, 0, before))
    } else if (isRecord(holder) && Object.hasOwn(holder, token)) {
      const before = holder[token]
      delete holder[token]
      this.#undo.push(() => {
        holder[token] = before
      })
    } else {
      return
    }
    if (!this.#made.has(holder)) this.#operations.push({ op: 'remove', path: pointer })
  }

  /** Takes every change back: the object is as it was given, and there are no operations. */
  undoAll(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo()
    this.#operations.length = 0
    this.#made.clear()
  }

  #at(pointer: string): unknown {
    let value: unknown = this.object
    for (const token of tokensOf(pointer)) {
      if (typeof value !== 'object' || value === null) return undefined
      value = member(value as Holder, token)
    }
    return value
  }

  /** Everything inside a value this draft wrote is written with it. */
  #own(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    this.#made.add(value as Holder)
    for (const inner of Object.values(value)) this.#own(inner)
  }

  #put(holder: Holder, token: string, path: string, value: unknown): void {
    const before = member(holder, token)
    if (Array.isArray(holder)) setElement(holder, Number(token), value, this.#undo)
    else setMember(holder, token, value, this.#undo)
    this.#own(value)
    if (!this.#made.has(holder)) this.#operations.push({ op: before === undefined ? 'add' : 'replace', path, value })
  }
}

function setElement(list: unknown[], index: number, value: unknown, undo: (() => void)[]): void {
  const { length } = list
  const before = list[index]
  list[index] = value
  undo.push(() => {
    list[index] = before
    list.length = length
  })
}

function setMember(holder: Record<string, unknown>, name: string, value: unknown, undo: (() => void)[]): void {
  const isThere = Object.hasOwn(holder, name)
  const before = holder[name]
  holder[name] = value
  undo.push(() => {
    if (isThere) holder[name] = before
    else delete holder[name]
  })
}

function member(holder: Holder, token: string): unknown {
  if (Array.isArray(holder)) return holder[Number(token)]
  return Object.hasOwn(holder, token) ? holder[token] : undefined
}

/** The first `count` tokens of a pointer. */
function pointerOf(pointer: string, count: number): string {
  let end = 0
  for (let i = 0; i < count && end >= 0; i++) end = pointer.indexOf('/', end + 1)
  return end < 0 ? pointer : pointer.slice(0, end)
}

function nested(tokens: readonly string[], value: unknown): unknown {
  return tokens.reduceRight<unknown>((inner, token) => ({ [token]: inner }), value)
}
