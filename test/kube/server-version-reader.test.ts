import t from 'tap'
import type { KubeApi } from '../../src/kube/client.ts'
import { readServerVersion, ServerVersionReader, serverVersionOnce } from '../../src/kube/server-version-reader.ts'

void t.test('the version is unknown until it was read, and a failure is tried again', async (t) => {
  const answers = [new Error('refused'), { major: '1', minor: '36+' }]
  const asked: string[] = []
  const done = Promise.withResolvers<void>()
  const api = {
    async call(path: string) {
      asked.push(path)
      const answer = answers.shift()
      if (answers.length === 0) setImmediate(done.resolve)
      if (answer instanceof Error) throw answer
      return answer
    }
  } as unknown as KubeApi
  const reader = new ServerVersionReader(api)
  t.equal(reader.minor, undefined)
  reader.start(() => 0)
  t.teardown(() => reader.stop())
  await done.promise
  t.equal(reader.minor, 36)
  t.strictSame(asked, ['/version', '/version'])
})

void t.test('read once, it is unknown where it cannot be read', async (t) => {
  const { signal } = new AbortController()
  const api = (answer: () => unknown) => ({ call: async () => answer() }) as unknown as KubeApi
  t.equal(
    await readServerVersion(
      api(() => ({ major: '1', minor: '20' })),
      signal
    ),
    20
  )
  t.equal(
    await readServerVersion(
      api(() => ({})),
      signal
    ),
    undefined
  )
  const refused = api(() => {
    throw new Error('refused')
  })
  t.equal(await readServerVersion(refused, signal), undefined)
})

void t.test('asked for until it is known, and then remembered', async (t) => {
  const answers: unknown[] = [{}, { major: '1', minor: '34' }]
  const api = { call: async () => answers.shift() } as unknown as KubeApi
  const version = serverVersionOnce(api)
  t.strictSame(await Promise.all([version(), version()]), [undefined, undefined])
  t.strictSame([await version(), await version()], [34, 34])
  t.strictSame(answers, [])
})
