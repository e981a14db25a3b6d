import t from 'tap'
import type { Container } from '../../src/model/kubernetes.ts'
import { adviceFor, capFor, dotnetCapOf, hasThreadCap, runtimes } from '../../src/model/runtimes.ts'

function container(change: Partial<Container>): Container {
  return { name: 'a', ...change }
}

const dotnet = 'DOTNET_ThreadPool_ForceMaxWorkerThreads'

void t.test('what pidguard would set is a cap it recognises', async (t) => {
  for (const runtime of runtimes) {
    const variable = capFor(runtime, 64)
    t.equal(hasThreadCap(runtime, container({})), false)
    if (variable === undefined) t.equal(runtime, 'jvm')
    else t.equal(hasThreadCap(runtime, container({ env: [variable] })), true)
    t.not(adviceFor(runtime), '')
  }
  t.equal(capFor('dotnet', 64)?.value, '40', 'hexadecimal')
  t.equal(capFor('nodejs', 64)?.value, '64')
})

void t.test('a cap is found in variables, arguments and options', async (t) => {
  t.equal(hasThreadCap('jvm', container({ args: ['-Xmx1g -XX:ActiveProcessorCount=2'] })), true)
  t.equal(hasThreadCap('jvm', container({ command: ['java', '-Dserver.tomcat.threads.max=5'] })), true)
  t.equal(
    hasThreadCap('jvm', container({ env: [{ name: 'JAVA_TOOL_OPTIONS', value: '-XX:ActiveProcessorCount=2' }] })),
    true
  )
  t.equal(hasThreadCap('jvm', container({ env: [{ name: 'X' }], args: ['-Xmx1g'] })), false)
  t.equal(hasThreadCap('python', container({ env: [{ name: 'omp_num_threads', value: '1' }] })), false, 'case counts')
  t.equal(hasThreadCap('nodejs', container({ env: [null, 'x', { name: 'UV_THREADPOOL_SIZE' }] as never })), true)
})

void t.test('.NET reads its cap as hexadecimal from 1 to 7FFF', async (t) => {
  const cases: [string, number | undefined][] = [
    ['1', 1],
    ['64', 100],
    ['0x40', 64],
    ['7FFF', 0x7fff],
    ['8000', undefined],
    ['0', undefined],
    ['', undefined],
    ['G', undefined],
    ['123456789', undefined]
  ]
  for (const [value, threads] of cases)
    t.strictSame(dotnetCapOf(container({ env: [{ name: dotnet, value }] })), { text: value, threads }, value)
  t.equal(dotnetCapOf(container({})), undefined)
  t.equal(dotnetCapOf(container({ env: [{ name: dotnet, valueFrom: {} }] })), undefined)
})
