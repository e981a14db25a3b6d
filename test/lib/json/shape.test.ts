import t from 'tap'
import { AppError } from '../../../src/errors.ts'
import { isRecord, malformed, nameOf, optionalList, optionalRecord } from '../../../src/lib/json/shape.ts'

void t.test('only a JSON object is a record', async (t) => {
  t.equal(isRecord({}), true)
  for (const value of [null, undefined, [], 'text', 1, true]) t.equal(isRecord(value), false)
})

void t.test('absent and null are both nothing, and anything of another type is refused by name', async (t) => {
  for (const read of [optionalRecord, optionalList]) {
    t.equal(read(undefined, '/a'), undefined)
    t.equal(read(null, '/a'), undefined)
    t.throws(() => read('text', '/a'), { code: 'ERR_OBJECT_MALFORMED', message: /^\/a: expected .*, found a string$/ })
  }
  t.strictSame(optionalRecord({ b: 1 }, '/a'), { b: 1 })
  t.strictSame(optionalList([1], '/a'), [1])
  t.throws(() => optionalRecord([], '/a'), { message: '/a: expected an object, found a list' })
  t.throws(() => optionalList({}, '/a'), { message: '/a: expected a list, found an object' })
})

void t.test('a value is named by its type and never shown', async (t) => {
  const cases: [unknown, string][] = [
    [null, 'null'],
    [undefined, 'nothing'],
    [[], 'a list'],
    [{}, 'an object'],
    ['secret', 'a string'],
    [1, 'a number'],
    [true, 'a boolean']
  ]
  for (const [value, name] of cases) t.equal(nameOf(value), name)
})

void t.test('an error names the place in full up to a bound, since keys are somebody else’s text', async (t) => {
  const short = malformed('a string', 1, `/metadata/labels/${'k'.repeat(100)}`)
  t.ok(short instanceof AppError)
  t.match(short.message, `/metadata/labels/${'k'.repeat(100)}: expected a string, found a number`)
  const long = malformed('a string', 1, `/metadata/labels/${'k'.repeat(1_000_000)}`)
  t.ok(long.message.length < 1_000)
  t.match(long.message, /^\/metadata\/labels\/k+…: expected a string, found a number$/)
})
