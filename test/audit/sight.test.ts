import t from 'tap'
import { mostFaults } from '../../src/audit/run.ts'
import { sees, sightOf } from '../../src/audit/sight.ts'
import type { AuditFault } from '../../src/report/audit.ts'

const nothing = { skips: [], faults: [], gaps: [] }
const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'a' }
const fault: AuditFault = { ruleId: 'best-effort', mode: 'enforce', message: 'failed', object }

t.test('kinds that could not be read are known by the names RBAC has for them, in every version', async (t) => {
  const parts = ['pods', 'cronjobs.batch', 'felixconfigurations.projectcalico.org', 'nodes/configz']
  const gaps = parts.map((part) => ({ part, reason: 'forbidden', detail: '', nodes: null }))
  t.strictSame([...sightOf({ ...nothing, gaps }).unread].sort(), ['CronJob', 'FelixConfiguration', 'Pod'])
})

t.test('a rule that failed anywhere was not judged; with as many failures as are told, none was', async (t) => {
  const few = sightOf({ ...nothing, faults: [fault] })
  t.equal(sees(few, 'Deployment', ['best-effort']), false)
  t.equal(sees(few, 'Deployment', ['pid-annotations']), true)
  const below = sightOf({ ...nothing, faults: Array.from({ length: mostFaults - 1 }, () => fault) })
  t.equal(sees(below, 'Deployment', ['pid-annotations']), true)
  const many = sightOf({ ...nothing, faults: Array.from({ length: mostFaults }, () => fault) })
  t.equal(sees(many, 'Deployment', ['pid-annotations']), false)
})

t.test('a file that cannot be read may hold anything', async (t) => {
  const gaps = [{ part: 'web.json', reason: 'unreadable', detail: '', nodes: null }]
  t.equal(sees(sightOf({ ...nothing, gaps }), 'Deployment', ['best-effort']), false)
  const kubelets = [{ part: 'node readings', reason: 'malformed', detail: '', nodes: 3 }]
  t.equal(sees(sightOf({ ...nothing, gaps: kubelets }), 'Deployment', ['best-effort']), true)
})
