import t from 'tap'
import type { KubeApi } from '../../src/kube/client.ts'
import { ServerVersionReader } from '../../src/kube/server-version-reader.ts'

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
