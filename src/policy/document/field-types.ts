import { maxPids } from '../../kubernetes/qos/pids-limit.ts'
import { nearest } from '../../lib/did-you-mean.ts'
import { durationPattern } from '../../lib/duration.ts'
import {
  datePattern,
  maxPriority,
  readBackend,
  readExpiry,
  readFloor,
  readMaxAge,
  readPids,
  readPidsOrNone,
  readPriority,
  readRequest,
  readShare,
  sharePattern
} from '../setting-values.ts'
import { changed, fields, listOf, mapOf, oneOf, optional, required, text, value } from './fields.ts'

/** The kinds of value that fields of the document hold. */

const pidsShape = { type: 'integer', minimum: 1, maximum: maxPids }
const namePattern = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/
// Label keys and values as apimachinery's IsQualifiedName and IsValidLabelValue have them.
const labelKeyPattern = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?[/])?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/
const labelValuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/

export const pids = () => value(`a whole number from 1 to ${maxPids}`, pidsShape, readPids)
export const pidsOrNone = () =>
  value(`a whole number from 1 to ${maxPids}, or none`, { anyOf: [pidsShape, { const: 'none' }] }, readPidsOrNone)
export const priority = () =>
  value(
    `a priority: a whole number from 1 to ${maxPriority}`,
    { type: 'integer', minimum: 1, maximum: maxPriority },
    readPriority
  )
export const share = () =>
  value('a share from 0% to 100%, such as 25%', { type: 'string', pattern: sharePattern }, readShare)
export const floor = () =>
  value(
    `a share below 100%, such as 10%, or a whole number from 0 to ${maxPids}`,
    {
      anyOf: [
        { type: 'string', pattern: sharePattern },
        { type: 'integer', minimum: 0, maximum: maxPids }
      ]
    },
    readFloor
  )
export const maxAge = () =>
  value('a duration from 1s to 1h, such as 60s or 1m30s', { type: 'string', pattern: durationPattern }, readMaxAge)
export const request = (example: string) =>
  value(
    `a quantity above zero, such as ${example}`,
    { anyOf: [{ type: 'string', pattern: '^[0-9.]+([eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?$' }, { type: 'number' }] },
    readRequest
  )
export const expiry = () =>
  value('a date such as 2027-01-31, or an RFC 3339 instant', { type: 'string', pattern: datePattern }, readExpiry)
export const backend = () =>
  value('Legacy or NFT', { type: 'string', pattern: '^([Ll][Ee][Gg][Aa][Cc][Yy]|[Nn][Ff][Tt])$' }, readBackend)

export const name = () => text('a name of lower-case letters, digits, - and .', namePattern)
export const namespacePattern = () => text('a namespace, or a pattern of one with * and ?', /^[-a-z0-9*?]{1,63}$/)
export const objectPattern = () => text('a name, or a pattern of one with * and ?', /^[-a-z0-9.*?]{1,253}$/)
export const imagePattern = () => text('an image, or a pattern of one with * and ?', /^\S{1,1024}$/)
export const kind = () => text('a kind as Kubernetes spells it, such as Deployment', /^[A-Z][A-Za-z0-9]{0,62}$/)
export const pointer = () => text('a pointer such as /spec/template', /^([/][^/]+){1,16}$/)
export const reason = () => text('a reason of at least 10 characters', /^\s*\S[\s\S]{8,1022}\S\s*$/)

export function ruleId(known: readonly string[]) {
  const pattern = `^(${['\\*', ...known].join('|')})$`
  const read = (input: unknown) => (input === '*' || known.some((id) => id === input) ? String(input) : undefined)
  const expected = (input: unknown) => {
    const meant = typeof input === 'string' ? nearest(input, known) : undefined
    return meant === undefined ? "the id of a rule, or '*'" : `the id of a rule, such as ${meant}, or '*'`
  }
  return value(expected, { type: 'string', pattern }, read)
}

export function stringMap() {
  const any = value('a text', { type: 'string' }, (input) => (typeof input === 'string' ? input : undefined))
  return mapOf(any, any)
}

export function selector() {
  const key = () => text('a label key', labelKeyPattern)
  const label = () => text('a label value', labelValuePattern)
  const requirement = changed(
    fields({
      key: required(key(), 'The label key.'),
      operator: required(oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist']), 'How the label is compared.'),
      values: optional(listOf(label()), 'For In and NotIn only.')
    }),
    (given) => ({ ...given, values: given.values ?? [] })
  )
  const labels = fields({
    matchLabels: optional(mapOf(key(), label()), 'Labels that must have these values.'),
    matchExpressions: optional(listOf(requirement), 'Requirements that must all hold.')
  })
  const whole = changed(labels, ({ matchLabels = {}, matchExpressions = [] }) => ({ matchLabels, matchExpressions }))
  return { ...whole, json: { minProperties: 1, ...whole.json } }
}
