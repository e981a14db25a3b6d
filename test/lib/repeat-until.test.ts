import t from 'tap'
import { repeatUntilAborted } from '../../src/lib/repeat-until.ts'

void t.test('it looks again until its signal, whether a look could do everything or not', async (t) => {
  const stop = new AbortController()
  const looks: boolean[] = []
  const look = async (): Promise<boolean> => {
    looks.push(looks.length % 2 === 0)
    if (looks.length === 3) stop.abort()
    return looks.at(-1) === true
  }
  await repeatUntilAborted(stop.signal, look, 1, () => 0)
  t.strictSame(looks, [true, false, true])
})

void t.test('after its signal it does not look at all', async (t) => {
  await repeatUntilAborted(
    AbortSignal.abort(),
    async () => t.fail('looked'),
    1,
    () => 0
  )
})
