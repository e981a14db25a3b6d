import t from 'tap'
import { longestLine } from '../../../src/headroom/reservation.ts'
import { StreamLines } from '../../../src/leader/guard/stream-lines.ts'

function gather() {
  const seen: string[] = []
  const lines = new StreamLines(
    (line) => seen.push(line),
    () => seen.push('too long')
  )
  return { seen, add: (text: string) => lines.add(Buffer.from(text)) }
}

void t.test('lines are the same however they are cut on their way', async (t) => {
  const whole = 'one\n\nzwei €\nthree\n'
  for (let size = 1; size <= Buffer.byteLength(whole); size++) {
    const seen: string[] = []
    const lines = new StreamLines(
      (line) => seen.push(line),
      () => {}
    )
    const bytes = Buffer.from(whole)
    for (let at = 0; at < bytes.length; at += size) lines.add(bytes.subarray(at, at + size))
    t.strictSame(seen, ['one', '', 'zwei €', 'three'], `pieces of ${size}`)
  }
})

void t.test('an unfinished line is kept until its end', async (t) => {
  const { seen, add } = gather()
  add('on')
  t.strictSame(seen, [])
  add('e\ntw')
  t.strictSame(seen, ['one'])
})

void t.test('a line up to the longest is taken, one more byte loses it and nothing after it', async (t) => {
  const { seen, add } = gather()
  add(`${'x'.repeat(longestLine)}\n`)
  t.equal(seen.pop()?.length, longestLine)
  add('x'.repeat(longestLine))
  add('x')
  add('x'.repeat(longestLine))
  t.strictSame(seen, ['too long'], 'said once, before its end is there')
  add('x\nnext\n')
  t.strictSame(seen, ['too long', 'next'])
})
