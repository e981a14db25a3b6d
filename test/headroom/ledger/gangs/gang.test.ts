import t from 'tap'
import { NamespaceEntry, NodeEntry, PodEntry } from '../../../../src/headroom/ledger/entries.ts'
import { Gang } from '../../../../src/headroom/ledger/gangs/gang.ts'
import type { PodState } from '../../../../src/headroom/ledger/pod-states.ts'

const group = { key: 'scheduling.k8s.io shop/gang', size: undefined, startsWhole: true }

function pod(state: PodState, node?: NodeEntry): PodEntry {
  const made = new PodEntry('a', new NamespaceEntry('shop'), undefined, state, undefined)
  made.node = node
  return made
}

const n1 = new NodeEntry('n1')

/** Whether its scheduler counts the pod, and whether it takes room. */
const cases: readonly { state: PodState; node?: NodeEntry; want: readonly [number, number] }[] = [
  { state: 'assumed', want: [1, 1] },
  { state: 'waiting', want: [1, 1] },
  { state: 'waiting', node: n1, want: [1, 1] },
  { state: 'bound', node: n1, want: [1, 1] },
  { state: 'unschedulable', want: [1, 0] },
  { state: 'stalled', want: [1, 0] },
  { state: 'gated', want: [0, 0] },
  { state: 'gated', node: n1, want: [1, 1] },
  { state: 'ended', want: [0, 0] },
  { state: 'ended', node: n1, want: [0, 0] }
]

for (const { state, node, want } of cases) {
  t.test(`${state}${node === undefined ? '' : ' on a node'}`, async (t) => {
    const gang = new Gang(group, 'shop')
    gang.count(pod(state, node), 1)
    t.strictSame([gang.present, gang.counted], want)
    gang.count(pod(state, node), -1)
    t.strictSame([gang.present, gang.counted], [0, 0])
  })
}

t.test('how many are missing', async (t) => {
  const gang = new Gang(group, 'shop')
  t.equal(gang.missing, 0, 'not known')
  gang.size = 2
  t.equal(gang.missing, 2)
  for (let i = 0; i < 3; i++) gang.count(pod('waiting'), 1)
  t.equal(gang.missing, 0)
})
