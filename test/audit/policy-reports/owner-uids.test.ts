import t from 'tap'
import { NotedUids } from '../../../src/audit/policy-reports/owner-uids.ts'
import { objectKey } from '../../../src/report/object-name.ts'

const owned = { ownerReferences: [{ apiVersion: 'x/v1', kind: 'X', name: 'x', controller: true }] }
const objects = [
  { kind: 'Deployment', metadata: { name: 'web', namespace: 'shop', uid: 'u-1' } },
  { kind: 'StatefulSet', metadata: { name: 'db', namespace: 'shop', uid: 'u-2', ...owned } },
  { kind: 'ReplicaSet', metadata: { name: 'web-abc', namespace: 'shop', uid: 'u-3', ...owned } },
  { kind: 'Pod', metadata: { name: 'web-abc-1', namespace: 'shop', uid: 'u-4', ...owned } },
  { kind: 'Pod', metadata: { name: 'lone', namespace: 'shop', uid: 'u-5' } },
  { kind: 'Node', metadata: { name: 'node-a', uid: 'u-6' } },
  { kind: 'Pod', metadata: null }
]

t.test('objects pass through, and the uids of those that findings are told of are kept', async (t) => {
  const seen: unknown[] = []
  const uids = new NotedUids({
    async served(group, kind) {
      return { kind, plural: 'widgets', apiVersions: [`${group}/v1`] }
    },
    async each(_kinds, take) {
      for (const object of objects) take(object)
      return []
    }
  })
  t.match(await uids.served('example.com', 'Widget'), { plural: 'widgets', apiVersions: ['example.com/v1'] })
  t.strictSame(await uids.each([], (object) => void seen.push(object)), [])
  t.strictSame(seen, objects)
  const uid = (kind: string, name: string, namespace = 'shop') => uids.uidOf(objectKey({ kind, namespace, name }))
  t.equal(uid('Deployment', 'web'), 'u-1')
  t.equal(uid('StatefulSet', 'db'), 'u-2', 'one that an operator made is a workload too')
  t.equal(uid('ReplicaSet', 'web-abc'), undefined)
  t.equal(uid('Pod', 'web-abc-1'), undefined)
  t.equal(uid('Pod', 'lone'), 'u-5')
  t.equal(uid('Node', 'node-a', ''), 'u-6')
})
