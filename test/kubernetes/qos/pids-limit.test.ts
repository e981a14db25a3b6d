import t from 'tap'
import { isPidsResource, pidsLimitOf, takesPidsLimit } from '../../../src/kubernetes/qos/pids-limit.ts'
import type { PodSpec } from '../../../src/kubernetes/types.ts'

const cases: readonly { resources: PodSpec['resources']; want: number | undefined }[] = [
  { resources: undefined, want: undefined },
  { resources: null, want: undefined },
  { resources: {}, want: undefined },
  { resources: { limits: { memory: '64Mi' } }, want: undefined },
  { resources: { limits: { pid: '2048' } }, want: 2048 },
  { resources: { limits: { pids: '2k' } }, want: 2000 },
  { resources: { limits: { pid: 1024, pids: 7 } }, want: 1024 },
  { resources: { requests: { pid: '2048' } }, want: undefined },
  { resources: { limits: { pid: '0' } }, want: undefined },
  { resources: { limits: { pid: '1' } }, want: 1 },
  { resources: { limits: { pid: 'many' } }, want: undefined },
  { resources: { limits: { pid: '500m' } }, want: undefined }
]

for (const { resources, want } of cases) {
  t.test(JSON.stringify(resources) ?? 'none', async (t) => t.equal(pidsLimitOf({ resources }), want))
}

t.test('which names, and which servers take them', async (t) => {
  t.strictSame(['pid', 'pids', 'PID', 'cpu'].filter(isPidsResource), ['pid', 'pids'])
  t.strictSame([20, 36, 37, 38].filter(takesPidsLimit), [38])
})
