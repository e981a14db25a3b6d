import { readFileSync } from 'node:fs'
import t from 'tap'
import { FleetTally } from '../../src/sources/fleet-tally.ts'
import { readSnapshot } from '../../src/sources/snapshot-file.ts'

const load = (name: string) =>
  readSnapshot(name, readFileSync(new URL(`../fixtures/snapshots/${name}`, import.meta.url), 'utf8'))

const policy = { estimateOf: () => 50, floor: { share: 0.1 } }

void t.test('incident 000: the tightest ceiling is found, with what pods have not shown yet', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const tally = new FleetTally(snapshot.readings, snapshot.takenAt, policy)
  for (const pod of snapshot.pods) tally.add(pod)
  const [row] = tally.nodeRows(snapshot.nodes, snapshot.failures)
  t.match(row, {
    node: 'node-a',
    tightest: 'kubepods',
    floor: 150,
    kubepods: { limit: 1500, inUse: 1006 },
    missing: []
  })
  t.match(row?.biggest, { namespace: 'default', pids: 502 })
  const [workload] = tally.workloadRows()
  t.match(workload, { namespace: 'default', peak: 502 })
})

void t.test('a pod that ended counts nowhere; a node that nobody read has no figures, not zeros', async (t) => {
  const snapshot = load('kubepods-full.yaml')
  const tally = new FleetTally(new Map(), snapshot.takenAt, policy)
  for (const pod of snapshot.pods) {
    t.equal(tally.add({ ...pod, phase: 'Succeeded' }), undefined)
    t.equal(tally.add(pod)?.pids, undefined)
  }
  const [row] = tally.nodeRows(snapshot.nodes, new Map([['node-a', { reason: 'timeout', detail: 'no answer' }]]))
  t.match(row, { pods: snapshot.pods.length, missing: ['timeout: no answer'] })
  t.strictSame([row?.used, row?.free, row?.committed, row?.floor], [undefined, undefined, undefined, undefined])
  t.equal(tally.workloadRows()[0]?.pids, undefined)
})
