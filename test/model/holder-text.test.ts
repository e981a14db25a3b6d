import t from 'tap'
import { sayHolders } from '../../src/model/holder-text.ts'

const others = { workloads: 100, biggest: 290 }

void t.test('each kind of holder in words', async (t) => {
  const holders = [
    { place: 'workload', kind: 'Deployment', namespace: 'shop', name: 'web', pids: 900, pods: 3, terminating: 0 },
    {
      place: 'workload',
      kind: 'Pod',
      namespace: 'kube-system',
      name: 'kube-apiserver-cp1',
      pids: 1,
      pods: 1,
      terminating: 0
    },
    { place: 'unknown-pod', cgroup: '3333', pids: 29_000 }
  ] as const
  t.equal(
    sayHolders('n1', holders, others),
    'Deployment shop/web holds 900 PIDs in 3 pods; Pod kube-system/kube-apiserver-cp1 holds 1 PID; 29000 PIDs in the cgroup of pod 3333, which the API server does not know (any more)'
  )
  t.equal(
    sayHolders('n1', [{ place: 'outside', pids: 30_357 }], others),
    '30357 PIDs outside of pods (kubelet, runtime, kernel, VMs): see ps -eLf on n1'
  )
  t.equal(
    sayHolders('n1', [{ place: 'unexplained', pids: 7 }], others),
    '7 PIDs under kubepods, but in none of its pods'
  )
})

void t.test('pods that are being deleted and still hold tasks are called Terminating', async (t) => {
  const job = { place: 'workload', kind: 'Job', namespace: 'prow', name: 'job', pids: 900, pods: 3 } as const
  const said = (terminating: number) => sayHolders('n1', [{ ...job, terminating }], others)
  t.equal(said(3), 'Job prow/job holds 900 PIDs in 3 pods (Terminating)')
  t.equal(said(1), 'Job prow/job holds 900 PIDs in 3 pods (1 Terminating)')
})

void t.test('where nobody stands out that is said, with the size of the biggest', async (t) => {
  t.equal(sayHolders('n1', [], others), 'no single workload stands out: 100 workloads there hold at most 290 PIDs each')
  t.equal(
    sayHolders('n1', [], { workloads: 1, biggest: 83 }),
    'no single workload stands out: the one workload there holds 83 PIDs'
  )
  t.equal(sayHolders('n1', [], { workloads: 0, biggest: 0 }), 'no pod there is known to hold any')
})

void t.test('a namespace of many small workloads, and cgroups of many pods that are gone', async (t) => {
  const namespace = { namespace: 'batch', pids: 29_000, workloads: 500 }
  t.equal(
    sayHolders('n1', [], { workloads: 502, biggest: 217, namespace }),
    'no single workload stands out: 502 workloads there hold at most 217 PIDs each; the 500 of namespace batch 29000 together'
  )
  t.equal(
    sayHolders('n1', [{ place: 'unknown-pods', pids: 28_000, pods: 200 }], others),
    '28000 PIDs in 200 cgroups of pods that the API server does not know (any more)'
  )
})
