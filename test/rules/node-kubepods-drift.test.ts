import t from 'tap'
import { nodeKubepodsDrift as rule } from '../../src/rules/node-kubepods-drift.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  {
    name: 'incident 000',
    node: { host: [1_000_000, 5000], kubepods: [49_152, 49_000] },
    finds: /kubepods allows 49152 tasks, the node 1000000$/
  },
  {
    name: 'incident 000, nothing reserved',
    node: { host: [1_000_000, 1], kubepods: [49_152, 1], kubelet: {} },
    finds: /49152.*1000000, 0 reserved/
  },
  { name: 'the same limit', node: { host: [32_768, 1], kubepods: [32_768, 1] } },
  {
    name: 'exactly what is reserved is missing',
    node: { host: [32_768, 1], kubepods: [30_768, 1], kubelet: { reserved: 2000 } }
  },
  {
    name: 'one more is missing',
    node: { host: [32_768, 1], kubepods: [30_767, 1], kubelet: { reserved: 2000 } },
    finds: /30767.*32768, 2000 reserved/
  },
  { name: 'more than the node: pid_max was lowered', node: { host: [32_768, 1], kubepods: [65_536, 1] } },
  { name: 'no limit on kubepods', node: { host: [32_768, 1], kubepods: ['unlimited', 1] } },
  { name: 'no limit on the node', node: { host: ['unlimited', 1], kubepods: [32_768, 1], kubelet: {} } },
  {
    name: 'half of the node, which may be reserved',
    node: { host: [32_768, 1], kubepods: [16_384, 1] },
    lacks: 'kubelet configuration not known'
  },
  { name: 'less than half, which nobody reserves', node: { host: [32_768, 1], kubepods: [16_383, 1] }, finds: /16383/ },
  {
    name: 'a reservation that is no count',
    node: { host: [32_768, 1], kubepods: [30_000, 1], kubelet: { reserved: null } },
    lacks: 'kubelet configuration not known'
  },
  { name: 'more reserved than there is', node: { host: [1000, 1], kubepods: [0, 0], kubelet: { reserved: 2000 } } },
  { name: 'only the node known', node: { host: [32_768, 1], kubelet: {} }, lacks: 'ceiling of kubepods not known' },
  { name: 'not read', node: { kubelet: {} }, lacks: 'node not read' }
])
