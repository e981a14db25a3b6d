import t from 'tap'
import { hasGap, lackOfLimits } from '../../src/model/node-reading.ts'
import { reading } from '../support/headroom.ts'

const runtime = { gaps: [{ reason: 'cri-stats' as const, detail: 'x' }] }

t.test('a gap is found by its reason, and none where there is no reading', async (t) => {
  t.equal(hasGap(reading('n1', 0, runtime), 'cri-stats'), true)
  t.equal(hasGap(reading('n1', 0, runtime), 'cgroup-drivers'), false)
  t.equal(hasGap(undefined, 'cri-stats'), false)
})

t.test('limits of pods and units are known where the kubelet counts, and not where the runtime does', async (t) => {
  t.equal(lackOfLimits(reading('n1', 0)), undefined)
  t.equal(lackOfLimits(reading('n1', 0, { nearLimits: undefined })), 'limits not known')
  t.equal(lackOfLimits(reading('n1', 0, runtime)), 'limits not known')
  t.equal(lackOfLimits(undefined), 'node not read')
})
