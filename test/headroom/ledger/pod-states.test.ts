import t from 'tap'
import type { LedgerPod } from '../../../src/headroom/ledger/ledger-inputs.ts'
import { type PodState, stateOf } from '../../../src/headroom/ledger/pod-states.ts'
import { podFacts } from '../../support/headroom.ts'

const cases: readonly { pod: Partial<LedgerPod>; hasWaitedLong?: boolean; want: PodState }[] = [
  { pod: { phase: 'Pending' }, want: 'waiting' },
  { pod: { phase: 'Pending' }, hasWaitedLong: true, want: 'idle' },
  { pod: { phase: 'Pending', isGated: true }, want: 'gated' },
  { pod: { phase: 'Pending', isGated: true }, hasWaitedLong: true, want: 'gated' },
  { pod: { phase: 'Pending', node: 'n1' }, hasWaitedLong: true, want: 'bound' },
  { pod: { phase: 'Unknown', node: 'n1' }, want: 'bound' },
  { pod: { phase: 'Succeeded', node: 'n1' }, want: 'ended' },
  { pod: { phase: 'Failed', node: 'n1' }, want: 'ended' },
  { pod: { phase: 'Pending', deleting: true }, want: 'ended' },
  { pod: { phase: 'Running', node: 'n1', deleting: true }, want: 'ended' }
]

for (const { pod, hasWaitedLong = false, want } of cases) {
  t.test(`${JSON.stringify(pod)} ${hasWaitedLong ? 'for long ' : ''}is ${want}`, async (t) => {
    t.equal(stateOf(podFacts('a', pod), hasWaitedLong), want)
  })
}
