import fc from 'fast-check'
import t from 'tap'
import { withoutManagedFields } from '../../src/kubernetes/managed-fields.ts'

const cut = (text: string): string => withoutManagedFields(Buffer.from(text)).toString()

/** The slow, obvious way to the same object. */
function emptied(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => (key === 'managedFields' && Array.isArray(value) ? [] : value))
}

void t.test('every list of a compact body is emptied, and nothing else is touched', async (t) => {
  const table: readonly [string, string][] = [
    ['{"managedFields":[{"f:a":{}}],"name":"x"}', '{"managedFields":[],"name":"x"}'],
    ['{"name":"x","managedFields":[1,2]}', '{"name":"x","managedFields":[]}'],
    ['{"managedFields":[]}', '{"managedFields":[]}'],
    ['{"managedFields":[[1],[[2]]],"a":[3]}', '{"managedFields":[],"a":[3]}'],
    ['{"managedFields":["]","\\"]","\\\\"],"a":1}', '{"managedFields":[],"a":1}'],
    ['{"managedFields":[{"managedFields":[1]}],"a":1}', '{"managedFields":[],"a":1}'],
    ['[{"managedFields":[1]},{"managedFields":[2]}]', '[{"managedFields":[]},{"managedFields":[]}]'],
    ['{"o":{"managedFields":["é€😀"]},"n":"é€😀"}', '{"o":{"managedFields":[]},"n":"é€😀"}']
  ]
  for (const [text, expected] of table) t.equal(cut(text), expected, text)
})

void t.test('what only looks like one stays', async (t) => {
  const texts = [
    JSON.stringify({ annotation: '{"managedFields":[1]}' }),
    JSON.stringify({ 'x"managedFields': [1] }),
    JSON.stringify({ ',"managedFields': [1] }),
    JSON.stringify({ ',managedFields': [1], '{managedFields': [1] }),
    JSON.stringify({ managedFields: 'text', managedFieldsX: [1] }),
    JSON.stringify({ managedFields: { a: [1] } }),
    '{ "managedFields": [1] }',
    '{"managedFields" :[1]}',
    ''
  ]
  for (const text of texts) t.equal(cut(text), text, text)
})

void t.test('a list that does not end is left for the parser to complain about', async (t) => {
  for (const text of ['{"managedFields":[', '{"managedFields":["]', '{"managedFields":[[1]', '{"managedFields":["\\']) {
    t.equal(cut(text), text, text)
    t.throws(() => JSON.parse(cut(text)), SyntaxError)
  }
})

void t.test('bytes before and after the given ones are left alone', async (t) => {
  const text = '{"managedFields":[1,2,3],"a":[4]}'
  const whole = Buffer.from(`before${text}after`)
  const given = whole.subarray('before'.length, 'before'.length + text.length)
  t.equal(withoutManagedFields(given).toString(), '{"managedFields":[],"a":[4]}')
  t.match(whole.toString(), /^before.*after$/)
})

void t.test('property: the object is the one the parser makes, with its managedFields emptied', async (t) => {
  const name = fc.oneof(
    fc.constantFrom('managedFields', 'a', '"managedFields":[', '\\', ',"managedFields'),
    fc.string()
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(']', '[', '"', '\\"]', '"managedFields":[', 1, null, true),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(name, tie('tree'), { maxKeys: 4 })
    )
  }))
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value)
      t.strictSame(JSON.parse(cut(text)), emptied(text))
    }),
    { numRuns: 2_000 }
  )
})

void t.test('property: no bytes make it throw', async () => {
  const piece = fc.constantFrom('"managedFields":[', ',', '{', '"', '\\', ']', '[', '}', 'x')
  fc.assert(fc.property(fc.array(piece), (pieces) => typeof cut(pieces.join('')) === 'string'))
})
