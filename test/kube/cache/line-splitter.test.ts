import t from 'tap'
import { LineSplitter } from '../../../src/kube/cache/line-splitter.ts'

function linesOf(text: string, chunk: number, limit = 1000): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter(limit, (line) => lines.push(line.toString('utf8')))
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunk) splitter.push(bytes.subarray(at, at + chunk))
  return lines
}

t.test('lines are the same however the bytes arrive; a last line without its end is dropped', async (t) => {
  const text = 'one\n\ntwo ünïcode 日本\nthree\nhalf'
  for (let chunk = 1; chunk <= 40; chunk++) {
    t.strictSame(linesOf(text, chunk), ['one', 'two ünïcode 日本', 'three'])
  }
})

t.test('a line may be as long as the limit, and not one byte longer', async (t) => {
  t.strictSame(linesOf(`${'x'.repeat(10)}\n`, 3, 10), ['x'.repeat(10)])
  t.throws(() => linesOf(`${'x'.repeat(11)}`, 3, 10), { message: 'a line of more than 10 bytes' })
})
