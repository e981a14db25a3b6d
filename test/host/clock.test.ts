import t from 'tap'
import { clock } from '../../src/host/clock.ts'

void t.test('the wall clock counts from the epoch, the other one never goes back', async (t) => {
  const before = Date.now()
  const shown = clock.now()
  t.ok(shown >= before && shown <= Date.now())
  const first = clock.monotonic()
  t.ok(clock.monotonic() >= first)
})
