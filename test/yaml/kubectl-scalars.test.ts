import t from 'tap'
import { plainScalar, taggedScalar } from '../../src/yaml/kubectl-scalars.ts'

// What kubectl 1.32 made of each: kubectl label --local -f - x=y -o json
const printed: readonly (readonly [text: string, value: string | number | boolean | null])[] = [
  ...(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'] as const).map(
    (text) => [text, true] as const
  ),
  ...(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'] as const).map(
    (text) => [text, false] as const
  ),
  ...(['', '~', 'null', 'Null', 'NULL'] as const).map((text) => [text, null] as const),
  ...(['yEs', 'tRUE', 'nULL', '=', '12:30:45', '190:20:30', '2001-12-14', '2001-12-14t21:59:43.10-05:00'] as const).map(
    (text) => [text, text] as const
  ),
  ...(['0o8', '0.1e', '1e400', '_7', '0x', '0b', '0o', '-', '+', '.', '1.2.3', '100m', '1Gi', 'app'] as const).map(
    (text) => [text, text] as const
  ),
  ['0777', 511],
  ['0o777', 511],
  ['-0777', -511],
  ['-0o7', -7],
  ['08', 8],
  ['1_000', 1000],
  ['0_7', 7],
  ['7_', 7],
  ['685_230.15', 685230.15],
  ['0b11', 3],
  ['-0b11', -3],
  ['+0b11', 3],
  ['0x1F', 31],
  ['-0x1F', -31],
  ['0x_1F', 31],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['1.', 1],
  ['.5', 0.5],
  ['-.5', -0.5],
  ['+12', 12],
  ['00', 0],
  ['-0', 0],
  ['-0.0', 0],
  ['9007199254740992', 9007199254740992],
  ['1234567890123456789012', 1.2345678901234568e21]
]

for (const [text, value] of printed) {
  void t.test(`${JSON.stringify(text)} is read as kubectl does`, async (t) => t.equal(plainScalar(text), value))
}

void t.test('a number that JSON cannot hold is refused, as kubectl does', async (t) => {
  for (const text of ['.inf', '-.Inf', '+.INF', '.nan']) t.throws(() => plainScalar(text), RangeError)
})

void t.test('a tag says what a text is, quoted or not', async (t) => {
  t.equal(taggedScalar('int', '12'), 12)
  t.equal(taggedScalar('int', '1.5'), undefined)
  t.equal(taggedScalar('float', '3'), 3)
  t.equal(taggedScalar('bool', 'on'), true)
  t.equal(taggedScalar('bool', 'x'), undefined)
  t.equal(taggedScalar('null', '~'), null)
  t.equal(taggedScalar('null', 'x'), undefined)
  t.equal(taggedScalar('binary', 'aGVsbG8='), 'hello')
  t.equal(taggedScalar('str', '12'), '12')
})
