import t from 'tap'
import { podThreadOutlier as rule } from '../../src/rules/pod-thread-outlier.ts'
import { holdsCases } from '../support/node-cases.ts'
import { podObject } from '../support/subjects.ts'

function running(change: { spec?: object; phase?: string; uid?: unknown } = {}) {
  const { spec = { nodeName: 'node-a' }, phase = 'Running', uid = 'u-1' } = change
  return { ...podObject({ ...spec }, { name: 'hog', uid }), status: { phase } }
}
const object = running()
const both = { host: [1000, 1], kubepods: [500, 1] } as const

holdsCases(t, rule, [
  {
    name: 'at the share of the lower ceiling',
    object,
    node: { ...both, pods: { 'u-1': 100 } },
    finds: /hog holds 100 of 500 tasks under kubepods of node-a .20%/
  },
  { name: 'one below', object, node: { ...both, pods: { 'u-1': 99 } } },
  {
    name: 'the culprit of incident 003',
    object,
    node: { host: [32_768, 1], kubepods: [32_768, 1], pods: { 'u-1': 21_317 } },
    finds: /21317 of 32768 tasks under node of node-a .65%/
  },
  {
    name: 'another share',
    object,
    node: { ...both, pods: { 'u-1': 99 } },
    settings: { audit: { podShare: 0.1 } },
    finds: /99/
  },
  {
    name: 'no limit at all',
    object,
    node: { host: ['unlimited', 1], kubepods: ['unlimited', 1], pods: { 'u-1': 9999 } }
  },
  {
    name: 'one ceiling known, and enough for a finding',
    object,
    node: { host: [1000, 1], pods: { 'u-1': 200 } },
    finds: /200 of 1000/
  },
  {
    name: 'one ceiling known, and not enough',
    object,
    node: { host: [1000, 1], pods: { 'u-1': 199 } },
    lacks: 'ceiling of kubepods not known'
  },
  { name: 'its tasks not known', object, node: { ...both, pods: { other: 400 } }, lacks: 'tasks of the pod not known' },
  { name: 'node not read', object, node: {}, lacks: 'node not read' },
  { name: 'on no node', object: running({ spec: {}, phase: 'Pending' }), node: {} },
  { name: 'not started yet', object: running({ phase: 'Pending' }), node: { ...both, pods: {} } },
  {
    name: 'ended, and still in the reading',
    object: running({ phase: 'Failed' }),
    node: { ...both, pods: { 'u-1': 400 } }
  },
  {
    name: 'without a uid',
    object: running({ uid: 7 }),
    node: { ...both, pods: { 'u-1': 400 } },
    lacks: 'tasks of the pod not known'
  }
])
