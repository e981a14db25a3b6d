import t from 'tap'
import { type LateOptimizer, optimizeLate } from '../../../src/host/v8/late-optimizer.ts'

/** A run of so many objects, after so many milliseconds of processor time, and the flags that V8 was given. */
function running(used: () => number): { flags: string[]; optimizer: LateOptimizer; judge(objects: number): void } {
  const flags: string[] = []
  const optimizer = optimizeLate((flag) => flags.push(flag), used)
  const judge = (objects: number): void => {
    for (let i = 0; i < objects; i++) optimizer.judged()
  }
  return { flags, optimizer, judge }
}

void t.test('the last compiler of V8 is off from the 64th object until the process has run for a second', async (t) => {
  let used = 999
  const { flags, optimizer, judge } = running(() => used)
  judge(63)
  t.strictSame(flags, [])
  judge(1)
  t.strictSame(flags, ['--no-turbofan'])
  judge(2_000)
  t.strictSame(flags, ['--no-turbofan'], 'a run of less than a second')
  used = 1_000
  judge(2_000)
  t.strictSame(flags, ['--no-turbofan', '--turbofan'])
  optimizer.end()
  t.strictSame(flags, ['--no-turbofan', '--turbofan'], 'at the end it is on already')
})

void t.test('at the end of a short run V8 is left as it was', async (t) => {
  for (const [objects, want] of [
    [63, []],
    [64, ['--no-turbofan', '--turbofan']]
  ] as const) {
    const { flags, optimizer, judge } = running(() => 0)
    judge(objects)
    optimizer.end()
    t.strictSame(flags, want, `${objects} objects`)
  }
})

void t.test('without other words it is the processor time of this process that counts', async (t) => {
  const used = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000
  const flags: string[] = []
  const { judged } = optimizeLate((flag) => flags.push(flag))
  const before = used()
  for (let i = 0; i < 1_000; i++) judged()
  const after = used()
  if (before >= 1_000) t.ok(flags.includes('--turbofan'), `${before} ms before`)
  else if (after < 1_000) t.notOk(flags.includes('--turbofan'), `${after} ms after`)
})
