import t from 'tap'
import { optimizeLate } from '../../../src/host/v8/late-optimizer.ts'

void t.test(
  'the last compiler of V8 is off at first, and on once, when the process has run for a second',
  async (t) => {
    const flags: string[] = []
    let used = 999
    const judged = optimizeLate(
      (flag) => flags.push(flag),
      () => used
    )
    t.strictSame(flags, ['--no-turbofan'])
    for (let i = 0; i < 1_000; i++) judged()
    t.strictSame(flags, ['--no-turbofan'], 'a run of less than a second')
    used = 1_000
    for (let i = 0; i < 1_000; i++) judged()
    t.strictSame(flags, ['--no-turbofan', '--turbofan'])
  }
)

void t.test('without other words it is the processor time of this process that counts', async (t) => {
  const used = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000
  const flags: string[] = []
  const judged = optimizeLate((flag) => flags.push(flag))
  const before = used()
  for (let i = 0; i < 1_000; i++) judged()
  const after = used()
  if (before >= 1_000) t.ok(flags.includes('--turbofan'), `${before} ms before`)
  else if (after < 1_000) t.notOk(flags.includes('--turbofan'), `${after} ms after`)
})
