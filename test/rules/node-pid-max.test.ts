import t from 'tap'
import { nodePidMax as rule } from '../../src/rules/node-pid-max.ts'
import { findingsOf } from '../support/judge.ts'
import { holdsCases } from '../support/node-cases.ts'
import { type NodeStateSketch, nodeObject, nodeState } from '../support/nodes.ts'

function withMemory(memory: string) {
  const object = nodeObject()
  return { ...object, status: { ...(object['status'] as object), capacity: { memory } } }
}

t.test('the lever is the one that moves: pid_max, threads-max, or the cgroup above', async (t) => {
  const remedyOf = (sketch: NodeStateSketch, object = nodeObject()) =>
    findingsOf(rule, object, { facts: { node: nodeState(sketch) } })[0]?.remedy
  t.match(remedyOf({ host: [32_768, 1] }) ?? rule.remedy, /^Raise kernel\.pid_max/)
  t.match(remedyOf({ host: [127_811, 1] }, withMemory('16369280Ki')), /^Raise kernel\.threads-max/)
  t.match(remedyOf({ host: [2048, 1], hostCgroup: '/' }), /^Raise pids\.max of that cgroup/)
})

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
    finds: /the cgroup \/ above kubepods allows 2048 tasks/
  },
  {
    name: 'threads-max, by the memory of the node',
    object: withMemory('16369280Ki'),
    node: { host: [127_811, 5300] },
    finds: /127811 tasks.* it is kernel.threads-max/
  },
  {
    name: 'pid_max on a node of more memory',
    object: withMemory('32738560Ki'),
    node: { host: [127_811, 5300] },
    finds: /127811 tasks, the policy asks for 131072$/
  },
  { name: 'memory that is no quantity', object: withMemory('much'), node: { host: [32_768, 1] }, finds: /131072$/ },
  { name: 'only kubepods known', node: { kubepods: [32_768, 1] }, lacks: 'ceiling of the node not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])
