import t from 'tap'
import { nodePidMax as rule } from '../../src/rules/node-pid-max.ts'
import { holdsCases } from '../support/node-cases.ts'
import { nodeObject } from '../support/nodes.ts'

function withMemory(memory: string) {
  const object = nodeObject()
  return { ...object, status: { ...(object['status'] as object), capacity: { memory } } }
}

holdsCases(t, rule, [
  { name: 'as much as the policy asks for', node: { host: [131_072, 1] } },
  { name: 'one less', node: { host: [131_071, 1] }, finds: /131071 tasks, the policy asks for 131072/ },
  { name: 'the default of the kernel, as in incident 003', node: { host: [32_768, 31_635] }, finds: /32768/ },
  { name: 'no limit', node: { host: ['unlimited', 1] } },
  { name: 'another least', node: { host: [40_000, 1] }, settings: { audit: { pidMax: 40_000 } } },
  { name: 'its use is not asked for', node: { host: [32_768, null] }, finds: /32768/ },
  {
    name: 'a cgroup above kubepods, as podman makes',
    node: { host: [2048, 2046], hostCgroup: '/' },
    finds: /^pids.max of the cgroup \/ above kubepods allows 2048 tasks/
  },
  {
    name: 'threads-max, by the memory of the node',
    object: withMemory('16369280Ki'),
    node: { host: [127_811, 5300] },
    finds: /^kernel.threads-max .* allows 127811 tasks/
  },
  {
    name: 'pid_max on a node of more memory',
    object: withMemory('32738560Ki'),
    node: { host: [127_811, 5300] },
    finds: /^the node allows 127811 tasks/
  },
  { name: 'memory that is no quantity', object: withMemory('much'), node: { host: [32_768, 1] }, finds: /131072$/ },
  { name: 'only kubepods known', node: { kubepods: [32_768, 1] }, lacks: 'ceiling of the node not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])
