import fc from 'fast-check'
import t from 'tap'
import { renderDiff } from '../../src/report/unified-diff.ts'

/** Applies the hunks as patch does. */
function patched(before: string, diff: string): string {
  const lines = before.split('\n')
  const made: string[] = []
  let at = 0
  for (const line of diff.split('\n').slice(2)) {
    const start = /^@@ -(\d+)/.exec(line)?.[1]
    if (start !== undefined) {
      while (at < Number(start) - 1) made.push(lines[at++] as string)
    } else if (line.startsWith('+')) made.push(line.slice(1))
    else if (line.startsWith('-')) at++
    else if (line.startsWith(' ')) made.push(lines[at++] as string)
  }
  return [...made, ...lines.slice(at)].join('\n')
}

void t.test('what is the same has no diff', async (t) => t.equal(renderDiff('a', 'x\n', 'x\n'), ''))

void t.test('a change is shown with three lines around it', async (t) => {
  const before = '1\n2\n3\n4\n5\n6\n7\n8\n9\n'
  t.equal(
    renderDiff('/a.yaml', before, before.replace('5', 'five')),
    '--- a/a.yaml\n+++ b/a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n'
  )
})

void t.test('changes far from one another are hunks of their own, near ones share one', async (t) => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i}`)
  const change = (...at: number[]): string => lines.map((line, i) => (at.includes(i) ? `${line}x` : line)).join('\n')
  const hunks = (after: string): number =>
    renderDiff('a', `${lines.join('\n')}\n`, `${after}\n`).split('@@ -').length - 1
  t.equal(hunks(change(5, 30)), 2)
  t.equal(hunks(change(5, 12)), 1)
})

void t.test('a missing line end at the end is told', async (t) => {
  t.equal(
    renderDiff('a', 'x', 'x\ny\n'),
    '--- a/a\n+++ b/a\n@@ -1,1 +1,2 @@\n-x\n\\ No newline at end of file\n+x\n+y\n'
  )
})

void t.test('any diff makes the one text out of the other', async (t) => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
  fc.assert(fc.property(text, text, (before, after) => patched(before, renderDiff('f', before, after)) === after))
  t.pass()
})

void t.test('texts too large to compare are replaced', async (t) => {
  const many = (word: string): string => `${Array.from({ length: 2_100 }, (_, i) => `${word}${i}`).join('\n')}\n`
  t.ok(patched(many('a'), renderDiff('f', many('a'), many('b'))) === many('b'))
})

void t.test(
  'a name stays on one line: control characters, quotes and backslashes are written as git writes them',
  async (t) => {
    const header = (file: string): string[] => renderDiff(file, 'x\n', 'y\n').split('\n').slice(0, 2)
    t.strictSame(header('a\n::error::x.yaml'), ['--- "a/a\\012::error::x.yaml"', '+++ "b/a\\012::error::x.yaml"'])
    t.strictSame(header('a\u001b[31m"\\.yaml'), ['--- "a/a\\033[31m\\"\\\\.yaml"', '+++ "b/a\\033[31m\\"\\\\.yaml"'])
    t.strictSame(header('é %a b.yaml'), ['--- a/é %a b.yaml', '+++ b/é %a b.yaml'])
  }
)
