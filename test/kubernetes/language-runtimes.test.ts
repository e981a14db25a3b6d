import t from 'tap'
import { adviceFor, capFor, dotnetCapOf, hasThreadCap, runtimes } from '../../src/kubernetes/language-runtimes.ts'

const dotnet = 'DOTNET_ThreadPool_ForceMaxWorkerThreads'

t.test('the cap pidguard would set', async (t) => {
  t.strictSame(capFor('dotnet', 512), { name: dotnet, value: '200' }, '.NET reads hexadecimal')
  t.strictSame(capFor('nodejs', 8), { name: 'UV_THREADPOOL_SIZE', value: '8' })
  t.strictSame(capFor('python', 8), { name: 'OMP_NUM_THREADS', value: '8' })
  t.equal(capFor('jvm', 8), undefined, 'no one variable does')
  for (const threads of [1, 9, 10, 255, 256, 0x7fff]) {
    const variable = capFor('dotnet', threads)
    t.equal(
      dotnetCapOf({ name: 'a', env: variable === undefined ? [] : [variable] })?.threads,
      threads,
      'read back as set'
    )
  }
})

t.test('each runtime has advice, and takes the cap it is given', async (t) => {
  for (const runtime of runtimes) {
    t.ok(adviceFor(runtime).length > 0)
    t.notOk(hasThreadCap(runtime, { name: 'a' }))
    t.notOk(hasThreadCap(runtime, { name: 'a', env: null, command: null, args: null }))
    const variable = capFor(runtime, 4)
    if (variable !== undefined) t.ok(hasThreadCap(runtime, { name: 'a', env: [variable] }))
  }
})

t.test('the cap .NET takes, in threads', async (t) => {
  const cap = (value?: string | null) =>
    dotnetCapOf({ name: 'a', env: [{ name: dotnet, ...(value !== undefined && { value }) }] })
  t.strictSame(cap('7FFF'), { text: '7FFF', threads: 32767 })
  t.strictSame(cap('8000'), { text: '8000', threads: undefined })
  t.strictSame(cap('1'), { text: '1', threads: 1 })
  t.strictSame(cap('0'), { text: '0', threads: undefined })
  t.strictSame(cap(), { text: '', threads: undefined }, 'an empty variable is ignored')
  t.strictSame(cap(null), { text: '', threads: undefined })
  t.equal(dotnetCapOf({ name: 'a' }), undefined)
  t.equal(dotnetCapOf({ name: 'a', env: [{ name: dotnet, valueFrom: {} }] }), undefined)
})
