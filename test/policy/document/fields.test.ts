import t from 'tap'
import {
  changed,
  constant,
  fields,
  flag,
  list,
  listOf,
  mapOf,
  oneOf,
  optional,
  type Part,
  required,
  text,
  value
} from '../../../src/policy/document/fields.ts'
import type { PathMistake } from '../../../src/policy/document/mistakes.ts'

function read<T>(part: Part<T>, input: unknown): T | string[] {
  const mistakes: PathMistake[] = []
  const result = part.read(input, ['x'], mistakes)
  return mistakes.length === 0 ? result : mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

const letter = text('a letter', /^[a-z]$/)
const cases: readonly { part: Part<unknown>; input: unknown; want: unknown }[] = [
  { part: letter, input: 'a', want: 'a' },
  { part: letter, input: 'ab', want: ['x: expected a letter, found "ab"'] },
  { part: letter, input: 1, want: ['x: expected a letter, found 1'] },
  { part: letter, input: undefined, want: ['x: expected a letter, which is missing'] },
  { part: flag(), input: false, want: false },
  { part: flag(), input: 'false', want: ['x: expected true or false, found "false"'] },
  { part: constant('v1'), input: 'v1', want: 'v1' },
  { part: constant('v1'), input: 'v2', want: ['x: expected v1, found "v2"'] },
  { part: oneOf(['on', 'off', 'auto']), input: 'auto', want: 'auto' },
  { part: oneOf(['on', 'off', 'auto']), input: true, want: ['x: expected on, off or auto, found true'] },
  { part: list(letter, 'letters'), input: [], want: [] },
  { part: list(letter, 'letters'), input: {}, want: ['x: expected letters, found a mapping'] },
  {
    part: list(letter, 'letters'),
    input: ['a', null, 2],
    want: ['x.1: expected a letter, found null', 'x.2: expected a letter, found 2']
  },
  { part: listOf(letter), input: ['b'], want: ['b'] },
  { part: listOf(letter), input: [], want: ['x: expected a list of at least one entry, found an empty list'] },
  { part: mapOf(letter, letter), input: { a: 'b' }, want: { a: 'b' } },
  { part: mapOf(letter, letter), input: ['a'], want: ['x: expected a mapping of texts, found a list'] },
  {
    part: mapOf(letter, letter),
    input: JSON.parse('{"__proto__": "a", "b": 3}'),
    want: ['x.__proto__: expected a letter, found "__proto__"', 'x.b: expected a letter, found 3']
  }
]
for (const { part, input, want } of cases) {
  t.test(`${JSON.stringify(part.json)} of ${JSON.stringify(input)}`, async (t) => t.strictSame(read(part, input), want))
}

const door = fields(
  { name: required(letter, 'Its name.'), isOpen: optional(flag(), 'Whether one can go through.', false) },
  'part'
)

t.test('fields: all mistakes at once, the unknown last, none of them taken', async (t) => {
  t.strictSame(read(door, { name: 'a' }), { name: 'a' })
  t.strictSame(read(door, { isOpen: true, name: 'a' }), { name: 'a', isOpen: true })
  t.strictSame(read(door, { nam: 'a', isOpen: 1 }), [
    'x.name: expected a letter, which is missing',
    'x.isOpen: expected true or false, found 1',
    'x.nam: no such part; did you mean name?'
  ])
  for (const input of [undefined, null, [], 'name', 7]) t.match(read(door, input), [/^x: expected a mapping, /])
  const hidden = JSON.parse('{"name": "a", "__proto__": {"isOpen": true}, "constructor": 1}')
  t.strictSame(read(door, hidden), ['x.__proto__: no such part', 'x.constructor: no such part'])
  t.strictSame(read(door, Object.create({ name: 'a' })), ['x.name: expected a letter, which is missing'])
})

t.test('what is written is described for editors', async (t) => {
  t.strictSame(door.json, {
    type: 'object',
    properties: {
      name: { type: 'string', pattern: '^[a-z]$', description: 'Its name.' },
      isOpen: { description: 'Whether one can go through.', type: 'boolean', default: false }
    },
    required: ['name'],
    additionalProperties: false
  })
})

t.test('a part may be changed into something else, only where it is right', async (t) => {
  const doubled = changed(
    value('a number', {}, (input) => (typeof input === 'number' ? input : undefined)),
    (n) => n * 2
  )
  t.equal(read(doubled, 4), 8)
  t.strictSame(read(doubled, 'a'), ['x: expected a number, found "a"'])
  const never = changed(letter, () => t.fail('not called'))
  t.strictSame(read(never, 7), ['x: expected a letter, found 7'])
})
