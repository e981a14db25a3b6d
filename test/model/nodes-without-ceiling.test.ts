import t from 'tap'
import { withoutCeilingOf } from '../../src/model/nodes-without-ceiling.ts'

const taint = (key: string) => ({ key, value: '', effect: 'NoSchedule' })

void t.test('nodes without a ceiling of PIDs', async (t) => {
  for (const [labels, want] of [
    [{ 'kubernetes.io/os': 'windows' }, 'windows'],
    [{ 'beta.kubernetes.io/os': 'windows' }, 'windows'],
    [{ 'kubernetes.io/os': 'linux', 'beta.kubernetes.io/os': 'windows' }, undefined],
    [{ type: 'virtual-kubelet' }, 'virtual'],
    [{ type: 'kwok' }, 'virtual'],
    [{ 'liqo.io/type': 'virtual-node' }, 'virtual'],
    [{ 'pidguard.io/pids': 'unlimited' }, 'labelled'],
    [{ 'pidguard.io/pids': '100' }, undefined],
    [{ type: 'gpu', 'kubernetes.io/os': 'linux' }, undefined],
    [{}, undefined]
  ] as const) {
    t.equal(withoutCeilingOf({ labels }), want, JSON.stringify(labels))
  }
  t.equal(withoutCeilingOf({ taints: [taint('virtual-kubelet.io/provider')] }), 'virtual')
  t.equal(withoutCeilingOf({ taints: [taint('os')] }), undefined)
  t.equal(withoutCeilingOf({}), undefined)
})
