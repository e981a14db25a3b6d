import t from 'tap'
import { podPidLimit as rule } from '../../src/rules/pod-pid-limit.ts'
import { findingsOf } from '../support/judge.ts'
import { holdsCases } from '../support/node-cases.ts'
import { nodeState } from '../support/nodes.ts'
import { podObject } from '../support/subjects.ts'

function running(metadata: object = {}, phase = 'Running') {
  return { ...podObject({ nodeName: 'node-a' }, { name: 'web-1', uid: 'u-1', ...metadata }), status: { phase } }
}
const object = running()
const near = (inUse: number, limit = 1000) => ({
  pods: { 'u-1': inUse },
  nearLimits: [{ of: 'pod', pod: 'u-1', name: '', limit, inUse }] as const
})
const container = (inUse: number, name = 'app') => ({
  pods: { 'u-1': inUse + 1 },
  nearLimits: [{ of: 'container', pod: 'u-1', name, limit: 1000, inUse }] as const
})

holdsCases(t, rule, [
  {
    name: 'at the share',
    object,
    node: near(900),
    finds: /^web-1 holds 900 of 1000 tasks that a pod may hold on node-a .90%.$/
  },
  { name: 'one below', object, node: near(899) },
  { name: 'another share', object, node: near(500), settings: { audit: { ownLimit: 0.5 } }, finds: /500 of 1000/ },
  {
    name: 'the limit that a runtime sets on a container, as CRI-O does',
    object,
    node: container(1000),
    finds: /^container app of web-1 holds 1000 of 1000 tasks that its container runtime allows it on node-a .100%.$/
  },
  { name: 'a container without a name', object, node: container(1000, ''), finds: /^container of web-1 holds/ },
  {
    name: 'another pod',
    object,
    node: {
      ...near(1000),
      pods: { 'u-1': 1, 'u-2': 1 },
      nearLimits: [{ of: 'pod', pod: 'u-2', name: '', limit: 9, inUse: 9 }]
    }
  },
  {
    name: 'a unit is no pod',
    object,
    node: {
      pods: { 'u-1': 1 },
      nearLimits: [{ of: 'unit', name: '/system.slice/kubelet.service', limit: 9, inUse: 9 }]
    }
  },
  { name: 'limits not known', object, node: { pods: { 'u-1': 1000 } }, lacks: 'limits of pods not known' },
  { name: 'its tasks not known', object, node: { pods: {}, nearLimits: [] }, lacks: 'tasks of the pod not known' },
  { name: 'node not read', object, node: {}, lacks: 'node not read' },
  { name: 'ended', object: running({}, 'Failed'), node: near(1000) }
])

t.test('a static pod is found by the hash of its file', async (t) => {
  const annotations = { 'kubernetes.io/config.mirror': 'u-1', 'kubernetes.io/config.hash': 'u-1' }
  const [found] = findingsOf(rule, running({ uid: 'of the mirror', annotations }), {
    facts: { node: nodeState(near(950)) }
  })
  t.match(found?.detail, /950 of 1000/)
})

t.test('one that is being deleted is found, and is not to be restarted', async (t) => {
  const deleted = running({ deletionTimestamp: '2026-11-21T00:00:00Z' })
  const [found] = findingsOf(rule, deleted, { facts: { node: nodeState(near(950)) } })
  t.match(found?.remedy, /state D .*reboot/)
})

t.test('Calico comes first, however little others have left', async (t) => {
  const weightOf = (metadata: object, inUse: number) =>
    findingsOf(rule, running(metadata), { facts: { node: nodeState(near(inUse)) } })[0]?.weight ?? 0
  t.ok(weightOf({ name: 'calico-node-x7k2p', namespace: 'kube-system' }, 900) > weightOf({}, 1000))
  t.ok(weightOf({ name: 'whatever', namespace: 'calico-system' }, 900) > weightOf({}, 1000))
})
