import t from 'tap'
import { mutantsOf } from '../mutation/mutants.ts'

/** What the mutants make of a line of code. */
function madeOf(source: string): string[] {
  return mutantsOf(source).map(({ start, end, text }) => `${source.slice(0, start)}${text}${source.slice(end)}`)
}

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['const a: number = b < c', ['const a: number = b <= c']],
  ['const a = b === c && d', ['const a = b === c || d', 'const a = b !== c && d']],
  ['const a = b ?? c', ['const a = b']],
  ['const a = !b', ['const a = b']],
  ['const a: 7 = 7 as 7', ['const a: 7 = 8 as 7']],
  ['const a = true', ['const a = false']],
  ['const a = b.some(c)', ['const a = b.every(c)']],
  ["const a = b + 'x'", []],
  ['if (a) b()', ['if (true) b()', 'if (false) b()', 'if (a) ;']],
  ['while (a) b()', ['while (false) b()', 'while (a) ;']],
  ['for (;;) break', ['for (;;) ;']],
  ["const a = 'text'", []]
]

for (const [source, made] of cases) {
  void t.test(`mutants of ${source}`, async (t) => t.strictSame(madeOf(source), made))
}

void t.test('a mutant says its line', async (t) => {
  t.strictSame(mutantsOf('// one\nconst a = 1\n'), [{ start: 17, end: 18, text: '2', line: 2 }])
})
