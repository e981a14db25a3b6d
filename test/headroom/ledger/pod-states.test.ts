import t from 'tap'
import type { LedgerPod } from '../../../src/headroom/ledger/ledger-inputs.ts'
import { type PodState, stateOf } from '../../../src/headroom/ledger/pod-states.ts'
import { podFacts } from '../../support/headroom.ts'

const cases: readonly { pod: Partial<LedgerPod>; want: PodState }[] = [
  { pod: { phase: 'Pending' }, want: 'waiting' },
  { pod: { phase: 'Pending', isUnschedulable: true }, want: 'unschedulable' },
  { pod: { phase: 'Pending', isGated: true }, want: 'gated' },
  { pod: { phase: 'Pending', isGated: true, isUnschedulable: true }, want: 'gated' },
  { pod: { phase: 'Pending', node: 'n1', isUnschedulable: true }, want: 'bound' },
  { pod: { phase: 'Unknown', node: 'n1' }, want: 'bound' },
  { pod: { phase: 'Succeeded', node: 'n1' }, want: 'ended' },
  { pod: { phase: 'Failed', node: 'n1' }, want: 'ended' },
  { pod: { phase: 'Pending', deleting: true }, want: 'ended' },
  { pod: { phase: 'Running', node: 'n1', deleting: true }, want: 'ended' }
]

for (const { pod, want } of cases) {
  t.test(`${JSON.stringify(pod)} is ${want}`, async (t) => {
    t.equal(stateOf(podFacts('a', pod)), want)
  })
}
