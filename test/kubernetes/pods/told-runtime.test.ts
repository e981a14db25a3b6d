import t from 'tap'
import { runtimeOf } from '../../../src/kubernetes/pods/told-runtime.ts'
import type { Container, PodSpec } from '../../../src/kubernetes/types.ts'

const told = (container: Partial<Container>, annotations: Record<string, string> = {}) =>
  runtimeOf({ annotations }, { containers: [{ name: 'app', ...container }] } as PodSpec)

const cases: [what: string, container: Partial<Container>, runtime: string | undefined, by?: string][] = [
  ['a program of its own', { image: 'registry.example/shop/web:1.2' }, undefined],
  ['java', { command: ['java', '-jar', '/app.jar'] }, 'jvm', 'command java'],
  ['a jar that a shell runs', { command: ['sh', '-c'], args: ['exec java -Xss256k -jar app.jar'] }, 'jvm'],
  ['a DLL', { args: ['Shop.dll'] }, 'dotnet', 'command Shop.dll'],
  ['python', { command: ['/usr/bin/python3.12', 'x.py'] }, 'python'],
  ['node', { command: ['node', 'server.js'] }, 'nodejs'],
  ['no node at all', { command: ['/usr/bin/node-agent'] }, undefined],
  ['a variable of .NET', { env: [{ name: 'ASPNETCORE_URLS', value: 'x' }] }, 'dotnet', 'variable ASPNETCORE_URLS'],
  ['a variable of the JVM', { env: [{ name: 'JAVA_TOOL_OPTIONS', value: 'x' }] }, 'jvm'],
  ['a variable of Go', { env: [{ name: 'GOMEMLIMIT', value: '1GiB' }] }, 'go'],
  ['a variable of glibc', { env: [{ name: 'MALLOC_ARENA_MAX', value: '2' }] }, 'glibc'],
  [
    'an image of .NET',
    { image: 'mcr.microsoft.com/dotnet/aspnet:8.0' },
    'dotnet',
    'image mcr.microsoft.com/dotnet/aspnet'
  ],
  ['an image of the JVM', { image: 'eclipse-temurin:21-jre@sha256:00' }, 'jvm', 'image eclipse-temurin'],
  ['a mirror with a port', { image: 'mirror:5000/bitnami/kafka:3.7' }, 'jvm'],
  ['Felix is Go, whatever its image is called', { image: 'docker.io/calico/node:v3.28' }, 'go'],
  ['an image of Node.js', { image: 'library/node:22' }, 'nodejs'],
  ['a database', { image: 'postgres' }, 'glibc'],
  ['a registry is no program', { image: 'java.example.com/shop/web' }, undefined],
  ['the command goes before the image', { image: 'eclipse-temurin', command: ['python3', 'x'] }, 'python']
]
for (const [what, container, runtime, by] of cases) {
  t.test(what, async (t) => {
    t.equal(told(container)?.runtime, runtime)
    if (by !== undefined) t.equal(told(container)?.by, by)
  })
}

t.test('agents of one language tell it, and go before variables', async (t) => {
  const annotation = 'instrumentation.opentelemetry.io/inject-java'
  t.strictSame(told({ env: [{ name: 'NODE_ENV', value: 'x' }] }, { [annotation]: 'true' }), {
    runtime: 'jvm',
    by: `annotation ${annotation}`,
    isCapped: false
  })
  t.equal(told({}, { 'admission.datadoghq.com/dotnet-lib.version': 'v3' })?.runtime, 'dotnet')
  t.equal(told({}, { 'instrumentation.opentelemetry.io/inject-sdk': 'true' }), undefined)
})

t.test('a cap that is there is seen', async (t) => {
  const command = ['dotnet', 'x.dll']
  t.equal(told({ command })?.isCapped, false)
  t.equal(told({ command, env: [{ name: 'DOTNET_ThreadPool_ForceMaxWorkerThreads', value: '1F4' }] })?.isCapped, true)
  t.equal(told({ image: 'golang' })?.isCapped, false, 'Go has no such cap')
})

t.test('the first container that tells; what is no list, or no text, is passed over', async (t) => {
  const containers = [
    { name: 'proxy', image: 'shop/proxy' },
    { name: 'app', image: 'shop/java-app' }
  ]
  t.match(runtimeOf({}, { containers } as PodSpec), { runtime: 'jvm', by: 'image shop/java-app' })
  t.equal(runtimeOf({}, { containers: 'none' } as never), undefined)
  t.equal(told({ command: 'java', env: 'x', image: 3 } as never), undefined)
  t.equal(told({ env: [null, { name: 1 }] } as never), undefined)
  t.match(told({ args: [`${'x'.repeat(100)} java `] })?.by, /^command x{59}…$/)
})

t.test('a dump may hold anything in place of containers, their commands and their variables', async (t) => {
  const odd = [undefined, null, 'x', 7, {}, [null], ['x'], [[]], [7]]
  for (const each of odd) {
    t.equal(runtimeOf({}, { containers: each } as never), undefined, JSON.stringify(each))
    const container = { name: 'c', image: 'eclipse-temurin:21', command: each, args: each, env: each }
    t.match(runtimeOf({}, { containers: [null, container] } as never), { runtime: 'jvm', isCapped: false })
  }
})
