import t from 'tap'
import type { InputFile } from '../../src/input/inputs.ts'
import { remembered } from '../../src/input/remembered-inputs.ts'

/** Inputs that count how often each file is read. */
function counting() {
  const reads = new Map<string, number>()
  const inputs = remembered({
    find: () => ({ files: [], problems: [], notes: [] }),
    *chunks({ path }) {
      reads.set(path, (reads.get(path) ?? 0) + 1)
      yield path
    }
  })
  return { reads, read: (file: InputFile) => [...inputs.chunks(file)].join('') }
}

const file = (path: string, size: number, isOnce = false): InputFile => ({ path, isNamed: true, size, isOnce })

void t.test('small files are read once, large ones and streams as often as they are asked for', async (t) => {
  const { reads, read } = counting()
  const files = [
    file('a', 10),
    file('large', 20_000_000),
    file('-', 0, true),
    file('b', 16_000_000),
    file('c', 1_000_000)
  ]
  for (const each of [...files, ...files]) t.equal(read(each), each.path)
  t.strictSame(Object.fromEntries(reads), { a: 1, large: 2, '-': 2, b: 1, c: 2 })
})
