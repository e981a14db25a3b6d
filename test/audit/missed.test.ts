import t from 'tap'
import { gapsOfPasses, readOrMiss, withName } from '../../src/audit/missed.ts'
import { subjectOfObject } from '../../src/kubernetes/subject.ts'
import type { AuditGap } from '../../src/report/audit/audit-report.ts'

const failure = { part: 'pods', kind: 'Pod', reason: 'forbidden', detail: 'list on pods is needed' } as const

void t.test('a list that fails in several passes is one gap; another reason is another gap', async (t) => {
  const pass = { failures: [failure], malformed: [] }
  const other = { ...failure, detail: 'the token has expired' }
  t.strictSame(
    gapsOfPasses([pass, { failures: [failure, other], malformed: [] }]).map(({ detail }) => detail),
    [failure.detail, other.detail]
  )
})

void t.test(
  'an object that is not what its kind says is a gap under its name; another error is not caught',
  async (t) => {
    const malformed: AuditGap[] = []
    const broken = { kind: 'Pod', metadata: { name: 'web', namespace: 'shop' } }
    t.equal(
      readOrMiss(broken, malformed, () => subjectOfObject(broken)),
      undefined
    )
    t.match(malformed, [{ part: 'Pod shop/web', reason: 'malformed', nodes: null }])
    const node = { kind: 'Node', metadata: { name: 'node-a' } }
    readOrMiss(node, malformed, () => subjectOfObject(node))
    t.equal(malformed[1]?.part, 'Node node-a')
    t.throws(() =>
      readOrMiss(broken, malformed, () => {
        throw new TypeError('a defect')
      })
    )
    t.equal(
      readOrMiss(broken, malformed, () => 7),
      7
    )
  }
)

void t.test('a Pod without a name is named after its prefix', async (t) => {
  t.match(withName({ metadata: { generateName: 'web-' } }), { metadata: { name: 'web-*' } })
  for (const object of [{ metadata: { name: 'web', generateName: 'web-' } }, { metadata: {} }, {}]) {
    t.equal(withName(object), object)
  }
})
