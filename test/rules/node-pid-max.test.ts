import t from 'tap'
import { nodePidMax as rule } from '../../src/rules/node-pid-max.ts'
import { findingsOf } from '../support/judge.ts'
import { holdsCases } from '../support/node-cases.ts'
import { nodeObject, nodeState } from '../support/nodes.ts'

function withMemory(memory: string) {
  const object = nodeObject()
  return { ...object, status: { ...(object['status'] as object), capacity: { memory } } }
}

holdsCases(t, rule, [
  { name: 'as much as the policy asks for', node: { host: [100_000, 1] } },
  { name: 'one less', node: { host: [99_999, 1] }, finds: /99999 tasks, the policy asks for 100000/ },
  { name: 'the default of the kernel, as in incident 003', node: { host: [32_768, 31_635] }, finds: /32768/ },
  {
    name: 'a default node of 16 GiB, as in the recordings',
    object: withMemory('16369280Ki'),
    node: { host: [125_722, 900] }
  },
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
    object: withMemory('8184640Ki'),
    node: { host: [63_905, 5300] },
    finds: /^kernel.threads-max .* allows 63905 tasks/
  },
  {
    name: 'pid_max on a node of more memory',
    object: withMemory('16369280Ki'),
    node: { host: [63_905, 5300] },
    finds: /^kernel.pid_max allows 63905 tasks/
  },
  { name: 'memory that is no quantity', object: withMemory('much'), node: { host: [32_768, 1] }, finds: /100000$/ },
  { name: 'only kubepods known', node: { kubepods: [32_768, 1] }, lacks: 'ceiling of the node not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])

const readsOf = (host: readonly [number, number], memory = '16369280Ki', hostCgroup?: string) =>
  findingsOf(rule, withMemory(memory), { facts: { node: nodeState({ host, ...(hostCgroup && { hostCgroup }) }) } })[0]

t.test('the remedy is the lever that moves', async (t) => {
  t.match(readsOf([63_905, 1], '8184640Ki')?.remedy, /^Raise kernel.threads-max .*kernel.pid_max is higher already/)
  t.match(readsOf([32_768, 1])?.remedy, /^Raise kernel.pid_max .*threads-max is higher already/)
  t.match(readsOf([2048, 1], undefined, '/')?.remedy, /^Raise pids.max of the cgroup \/ .*--pids-limit/)
  t.equal(readsOf([32_768, 1], 'much')?.remedy, undefined, 'that of the rule: not known which')
})
