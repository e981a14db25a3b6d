import t from 'tap'
import { ageNote } from '../../src/snapshot/snapshot-age.ts'

const at = Date.parse('2026-01-01T10:00:30Z')
const hour = 3_600_000

void t.test('a snapshot says its age once it is an hour old', async (t) => {
  const cases: readonly [number, string | undefined][] = [
    [hour - 1, undefined],
    [hour, '1 hour'],
    [24 * hour - 1, '23 hours'],
    [24 * hour, '1 day'],
    [365 * 24 * hour, '365 days'],
    [366 * 24 * hour, '1 year'],
    [6.9 * 366 * 24 * hour, '6 years'],
    [-hour, undefined]
  ]
  for (const [age, said] of cases) {
    const note =
      said && `the snapshot is of 2026-01-01T10:00:30Z, ${said} old: what it says of nodes may no longer hold`
    t.equal(ageNote(at, at + age), note, String(age))
  }
})
