import { isSame } from '../../lib/json/deep-equal.ts'
import type { PatchOperation } from '../../lib/json/patch.ts'
import { tokensOf } from '../../lib/json/pointer.ts'
import { patched } from './edit-proof.ts'
import { foldedIntoEmpty } from './fold-operations.ts'
import { type JsonMember, type JsonPlace, jsonPlaces, wantedOf } from './json-places.ts'
import { type Splice, spliced } from './splice.ts'

/**
 * The text of strict JSON with the operations applied where they belong, everything else left as it is: spacing,
 * escapes, numbers of more digits than JavaScript holds. undefined where that cannot be done for sure.
 */
export function editJson(text: string, operations: readonly PatchOperation[]): string | undefined {
  const folded = foldedIntoEmpty(JSON.parse(text), operations)
  const edited = editAtOnce(text, folded) ?? editInTurn(text, folded)
  if (edited === undefined) return undefined
  return isSame(JSON.parse(edited), patched(JSON.parse(text), operations)) ? edited : undefined
}

function editAtOnce(text: string, operations: readonly PatchOperation[]): string | undefined {
  // An element that goes moves those behind it, so the paths of the others would lead elsewhere.
  if (operations.length > 1 && operations.some(({ op }) => op === 'remove')) return undefined
  const root = jsonPlaces(text, wantedOf(operations.map(({ path }) => tokensOf(path).slice(0, -1))))
  const splices: Splice[] = []
  for (const operation of operations) {
    const splice = spliceOf(text, root, operation)
    if (splice === undefined) return undefined
    splices.push(splice)
  }
  return spliced(text, splices)
}

function editInTurn(text: string, operations: readonly PatchOperation[]): string | undefined {
  let edited: string | undefined = text
  for (const operation of operations) {
    if (edited === undefined) return undefined
    edited = editAtOnce(edited, [operation])
  }
  return edited
}

function spliceOf(text: string, root: JsonPlace, operation: PatchOperation): Splice | undefined {
  const tokens = tokensOf(operation.path)
  const token = tokens.at(-1)
  let holder: JsonPlace | undefined = root
  let indent = indentBefore(text, root.start)
  for (const each of tokens.slice(0, -1)) {
    if (holder !== undefined) indent = indentInside(text, holder, indent)
    holder = memberOf(text, holder, each)?.value
  }
  if (token === undefined || holder?.members === undefined) return undefined
  const member = memberOf(text, holder, token)
  if (operation.op === 'remove') return member === undefined ? undefined : removal(holder, holder.members, member)
  const style = styleOf(text, holder, indent)
  if (member !== undefined) {
    return { start: member.value.start, end: member.value.end, text: written(operation.value, style) }
  }
  return addition(text, holder, holder.members, token, operation.value, style)
}

function memberOf(text: string, holder: JsonPlace | undefined, token: string): JsonMember | undefined {
  if (holder === undefined || text[holder.start] === '{') return holder?.members?.findLast(({ key }) => key === token)
  return holder.members?.[Number(token)]
}

/** How a collection is written. */
interface Style {
  /** What stands between its members: a line end and spaces, or nothing. */
  readonly lead: string
  /** Before its closing bracket. */
  readonly tail: string
  /** Spaces of one more level; empty where the collection is on one line. */
  readonly step: string
  readonly colon: ':' | ': '
  readonly comma: ',' | ', '
}

function styleOf(text: string, holder: JsonPlace, indent: string): Style {
  const first = holder.members?.[0]
  const isSpaced = !/^"(?:[^"\\]|\\.)*":\S/.test(text.slice(first?.start ?? 0, (first?.value.start ?? 0) + 1))
  const between = first === undefined ? '' : text.slice(holder.start + 1, first.start)
  if (!between.includes('\n')) {
    const second = holder.members?.[1]
    const gap = second === undefined ? isSpaced : /\s$/.test(text.slice(first?.value.end, second.start))
    return { lead: '', tail: '', step: '', colon: isSpaced ? ': ' : ':', comma: gap ? ', ' : ',' }
  }
  const inner = between.slice(between.lastIndexOf('\n') + 1)
  const step = inner.startsWith(indent) && inner.length > indent.length ? inner.slice(indent.length) : '  '
  const newline = between.includes('\r\n') ? '\r\n' : '\n'
  return { lead: newline + inner, tail: newline + indent, step, colon: isSpaced ? ': ' : ':', comma: ',' }
}

function indentInside(text: string, holder: JsonPlace, outside: string): string {
  const between = text.slice(holder.start + 1, holder.members?.[0]?.start)
  return between.includes('\n') ? between.slice(between.lastIndexOf('\n') + 1) : outside
}

function indentBefore(text: string, at: number): string {
  return /[ \t]*$/.exec(text.slice(text.lastIndexOf('\n', at - 1) + 1, at))?.[0] ?? ''
}

function addition(
  text: string,
  holder: JsonPlace,
  members: readonly JsonMember[],
  token: string,
  value: unknown,
  style: Style
): Splice | undefined {
  const isObject = text[holder.start] === '{'
  if (!isObject && token !== '-' && Number(token) !== members.length) return undefined
  const item = (isObject ? JSON.stringify(token) + style.colon : '') + written(value, style)
  const last = members.at(-1)
  if (last === undefined) return { start: holder.start + 1, end: holder.end - 1, text: item }
  const { end } = last.value
  return { start: end, end, text: style.lead === '' ? `${style.comma}${item}` : `,${style.lead}${item}` }
}

/** A member, and the comma that parts it from its neighbour. */
function removal(holder: JsonPlace, members: readonly JsonMember[], member: JsonMember): Splice {
  const at = members.indexOf(member)
  const [before, after] = [members[at - 1], members[at + 1]]
  if (after !== undefined) return { start: member.start, end: after.start, text: '' }
  if (before !== undefined) return { start: before.value.end, end: member.value.end, text: '' }
  return { start: holder.start + 1, end: holder.end - 1, text: '' }
}

/** A value on lines of its own where its neighbours are, else on one. */
function written(value: unknown, { lead, step, colon, comma }: Style): string {
  if (lead === '') return onOneLine(value, colon, comma)
  return JSON.stringify(value, null, step).replaceAll('\n', lead)
}

function onOneLine(value: unknown, colon: string, comma: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => onOneLine(item, colon, comma)).join(comma)}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([key, inner]) => JSON.stringify(key) + colon + onOneLine(inner, colon, comma)
  )
  return `{${members.join(comma)}}`
}
