import t from 'tap'
import { isPodLevelResource, isPositive } from '../../../src/kubernetes/qos/resources.ts'

void t.test('zero, nothing and what is no quantity are not positive', async (t) => {
  for (const text of ['1', '1n', '100m', 1, 0.5, '0.0000000001']) t.equal(isPositive(text), true, String(text))
  for (const text of ['0', '0m', '-1', '', 'much', 0, null, undefined]) t.equal(isPositive(text), false, String(text))
})

void t.test('cpu, memory and hugepages may stand in a pod’s own resources', async (t) => {
  for (const name of ['cpu', 'memory', 'hugepages-2Mi']) t.equal(isPodLevelResource(name), true)
  for (const name of ['ephemeral-storage', 'nvidia.com/gpu', 'hugepages', '', 'CPU'])
    t.equal(isPodLevelResource(name), false)
})
