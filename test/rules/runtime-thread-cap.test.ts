import t from 'tap'
import { type Runtime, runtimes } from '../../src/kubernetes/language-runtimes.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { Profile } from '../../src/policy/settings.ts'
import { runtimeThreadCap as rule } from '../../src/rules/runtime-thread-cap.ts'
import { findingsOf, mended, told, type World } from '../support/judge.ts'
import type { SettingsChange } from '../support/settings.ts'
import { podObject, workloadObject } from '../support/subjects.ts'

function profile(runtime: Runtime, threads = 200, match: Partial<Profile['match']> = {}): Profile {
  return {
    name: runtime,
    match: { images: [], selector: undefined, ...match },
    estimate: undefined,
    limit: undefined,
    threadCap: { runtime, threads }
  }
}
const policy = (profiles: Profile[], modes: SettingsChange['modes'] = {}): World => ({
  settings: { modes, pids: { profiles } }
})
const container = (change: JsonRecord = {}) => ({ name: 'app', image: 'example.com/app:1', ...change })
const pod = (change: JsonRecord = {}, metadata: JsonRecord = {}) =>
  podObject({ containers: [container(change)] }, metadata)
const env = (...pairs: [string, unknown][]) => ({ env: pairs.map(([name, value]) => ({ name, value })) })

const place = ['advice /spec/containers/0/env']
const dotnetVariable = 'DOTNET_ThreadPool_ForceMaxWorkerThreads'
const complus = 'COMPlus_ThreadPool_ForceMaxWorkerThreads'

t.test('without a profile nothing is said: a runtime cannot be told from an image', async (t) => {
  t.strictSame(findingsOf(rule, pod()), [])
  const other = { ...profile('dotnet'), threadCap: undefined, estimate: 9 }
  t.strictSame(findingsOf(rule, pod(), policy([other])), [])
})

t.test('what caps each runtime', async (t) => {
  const caps: { runtime: Runtime; name: string; container: JsonRecord }[] = [
    { runtime: 'dotnet', name: 'its variable', container: env([dotnetVariable, 'C8']) },
    { runtime: 'dotnet', name: 'its old variable', container: env([complus, 'C8']) },
    { runtime: 'jvm', name: 'the variable of Spring', container: env(['SERVER_TOMCAT_THREADS_MAX', '100']) },
    {
      runtime: 'jvm',
      name: 'an option in a variable',
      container: env(['JAVA_TOOL_OPTIONS', '-Xmx1g -XX:ActiveProcessorCount=2'])
    },
    {
      runtime: 'jvm',
      name: 'an option in the arguments',
      container: { args: ['-jar', 'x.jar', '--server.tomcat.threads.max=50'] }
    },
    {
      runtime: 'jvm',
      name: 'a property in the command',
      container: { command: ['java', '-Dserver.tomcat.threads.max=50'] }
    },
    {
      runtime: 'jvm',
      name: 'the common pool',
      container: { args: ['-Djava.util.concurrent.ForkJoinPool.common.parallelism=4'] }
    },
    { runtime: 'nodejs', name: 'its variable', container: env(['UV_THREADPOOL_SIZE', '4']) },
    { runtime: 'python', name: 'OpenMP', container: env(['OMP_NUM_THREADS', '4']) },
    { runtime: 'python', name: 'OpenBLAS', container: env(['OPENBLAS_NUM_THREADS', '4']) },
    { runtime: 'python', name: 'MKL', container: env(['MKL_NUM_THREADS', '4']) }
  ]
  for (const { runtime, name, container } of caps) {
    t.strictSame(findingsOf(rule, pod(container), policy([profile(runtime)])), [], `${runtime}: ${name}`)
  }
  for (const runtime of runtimes) {
    const found = findingsOf(rule, pod({ env: [null, { name: 'OTHER' }], args: ['x'] }), policy([profile(runtime)]))
    t.strictSame(told(found), place, `${runtime}: advice, whatever the mode`)
    t.equal(found[0]?.reason, 'no thread cap')
  }
  const lower = env([dotnetVariable.toLowerCase(), 'C8'])
  t.equal(findingsOf(rule, pod(lower), policy([profile('dotnet')])).length, 1, 'Linux minds the case of names')
})

t.test('.NET reads its variable as hexadecimal', async (t) => {
  const fine = [
    env([dotnetVariable, 'C8']),
    env([dotnetVariable, 'c8']),
    env([dotnetVariable, '0xC8']),
    env([dotnetVariable, '00C8']),
    env([dotnetVariable, ' 1 ']),
    { env: [{ name: dotnetVariable, valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }] }
  ]
  for (const change of fine) {
    t.strictSame(findingsOf(rule, pod(change), policy([profile('dotnet', 200)])), [], JSON.stringify(change.env))
  }
  const seeming = ['C9', '200', '7FFF', '8000', '0', '', undefined, '-1', '12 threads', '0XC8x', '1FFFFFFFF']
  for (const value of seeming) {
    const found = findingsOf(rule, pod(env([dotnetVariable, value])), policy([profile('dotnet', 200)]))
    t.strictSame(told(found), place, String(value))
    t.equal(found[0]?.reason, 'thread cap is not the number written')
  }
  const detailOf = (value: string) =>
    findingsOf(rule, pod(env([dotnetVariable, value])), policy([profile('dotnet', 200)]))[0]?.detail
  t.match(detailOf('200'), '512 threads', 'the trap')
  t.match(detailOf('7FFF'), '32767 threads', 'the largest .NET takes')
  t.match(detailOf('8000'), /: "8000" is ignored/, 'one more')
  t.ok((detailOf('F'.repeat(10_000))?.length ?? 0) < 120)
  t.strictSame(findingsOf(rule, pod(env([dotnetVariable, '7FFF'])), policy([profile('dotnet', 0x7fff)])), [])
})

t.test('of several .NET variables the one .NET takes is judged', async (t) => {
  const judged = (...pairs: [string, unknown][]) =>
    findingsOf(rule, pod(env(...pairs)), policy([profile('dotnet', 200)])).length
  t.equal(judged([complus, '10'], [dotnetVariable, '7000']), 1, 'DOTNET_ comes before COMPlus_')
  t.equal(judged([dotnetVariable, '10'], [complus, '7000']), 0)
  t.equal(judged([dotnetVariable, '10'], [dotnetVariable, '7000']), 1, 'Kubernetes keeps the last of a name')
  t.equal(judged([dotnetVariable, '7000'], [dotnetVariable, '10']), 0)
})

t.test('which containers a profile means', async (t) => {
  const spec = {
    initContainers: [container({ name: 'init' }), container({ name: 'proxy', restartPolicy: 'Always' })],
    containers: [container(), { name: 'log', image: 'example.com/log:1' }, { name: 'bare' }],
    ephemeralContainers: [container({ name: 'debug' })]
  }
  const found = (world: World, metadata: JsonRecord = {}) => told(findingsOf(rule, podObject(spec, metadata), world))
  t.strictSame(
    found(policy([profile('nodejs')])),
    ['initContainers/1', 'containers/0', 'containers/1', 'containers/2'].map((at) => `advice /spec/${at}/env`),
    'without images all that stay, not init and debug containers'
  )
  const byImage = profile('nodejs', 8, { images: ['*/nothing:*', '*/log:*'] })
  t.strictSame(found(policy([byImage])), ['advice /spec/containers/1/env'], 'else those of its images')
  const selector = { matchLabels: { runtime: 'node' }, matchExpressions: [] }
  const byLabel = profile('nodejs', 8, { selector })
  t.strictSame(found(policy([byLabel])), [])
  t.equal(found(policy([byLabel]), { labels: { runtime: 'node' } }).length, 4)
  const both = profile('nodejs', 8, { selector, images: ['*/log:*'] })
  t.strictSame(found(policy([both]), { labels: { runtime: 'node' } }), ['advice /spec/containers/1/env'])
  t.strictSame(found(policy([byImage, profile('python')])), ['advice /spec/containers/1/env'], 'the first that matches')
})

t.test('templates are looked at', async (t) => {
  const deployment = workloadObject('apps/v1/Deployment')
  t.strictSame(told(findingsOf(rule, deployment, policy([profile('jvm')]))), [
    'advice /spec/template/spec/containers/0/env'
  ])
})

t.test('a cap is set only where the pod asks for it and the rule enforces', async (t) => {
  const optIn = { annotations: { 'pidguard.io/thread-cap': 'inject' } }
  const enforced = (runtime: Runtime, threads = 200) => policy([profile(runtime, threads)], { [rule.id]: 'enforce' })
  const caps: [Runtime, object[]][] = [
    ['dotnet', [{ name: dotnetVariable, value: 'C8' }]],
    ['nodejs', [{ name: 'UV_THREADPOOL_SIZE', value: '200' }]],
    ['python', [{ name: 'OMP_NUM_THREADS', value: '200' }]]
  ]
  for (const [runtime, variables] of caps) {
    const { object } = mended([rule], pod({}, optIn), enforced(runtime))
    t.strictSame(object, pod({ env: variables }, optIn), runtime)
    t.strictSame(findingsOf(rule, object, enforced(runtime)), [], 'which clears the finding')
  }
  t.strictSame(mended([rule], pod({}, optIn), enforced('jvm')).operations, [], 'no one variable caps a JVM')

  const unchanged: [string, JsonRecord, World][] = [
    ['mode warn, the default', pod({}, optIn), policy([profile('dotnet')])],
    ['no annotation', pod(), enforced('dotnet')],
    ['another value of it', pod({}, { annotations: { 'pidguard.io/thread-cap': 'true' } }), enforced('dotnet')],
    ['no profile', pod({}, optIn), policy([], { [rule.id]: 'enforce' })],
    ['a cap of its own', pod(env([dotnetVariable, '200']), optIn), enforced('dotnet')],
    ['a template', workloadObject('apps/v1/Deployment', {}, optIn, optIn), enforced('dotnet')],
    ['a resize', pod({}, optIn), { ...enforced('dotnet'), request: { subResource: 'resize' } }],
    [
      'a pod that exists',
      pod({}, optIn),
      { ...enforced('dotnet'), request: { operation: 'UPDATE', oldObject: pod(env(['A', 'b'])) } }
    ]
  ]
  for (const [name, object, world] of unchanged) t.strictSame(mended([rule], object, world).operations, [], name)
})

t.test('an update that leaves alone what profiles and the rule go by says nothing', async (t) => {
  const world: World = { ...policy([profile('jvm')]), request: { operation: 'UPDATE', oldObject: pod() } }
  t.strictSame(findingsOf(rule, pod({}, { annotations: { a: 'b' } }), world), [])
  t.equal(findingsOf(rule, pod({}, { labels: { a: 'b' } }), world).length, 1, 'a label may be what a profile goes by')
  t.equal(findingsOf(rule, pod({ image: 'example.com/app:2' }), world).length, 1)
})
