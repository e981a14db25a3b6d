import t from 'tap'
import type { NearLimit } from '../../src/model/near-limit.ts'
import { nodeUnitLimit as rule } from '../../src/rules/node-unit-limit.ts'
import { holdsCases } from '../support/node-cases.ts'

const host = [1_030_000, 3600] as const
const unit = (inUse: number): NearLimit => ({
  of: 'unit',
  name: '/system.slice/containerd.service',
  limit: 1000,
  inUse
})

holdsCases(t, rule, [
  {
    name: 'a runtime at its TasksMax on a roomy node',
    node: { host, nearLimits: [unit(900)] },
    finds: /^.system.slice.containerd.service holds 900 of 1000 tasks .90%.$/
  },
  { name: 'one below', node: { host, nearLimits: [unit(899)] } },
  {
    name: 'another share',
    node: { host, nearLimits: [unit(500)] },
    settings: { audit: { ownLimit: 0.5 } },
    finds: /500/
  },
  { name: 'a pod is no unit', node: { host, nearLimits: [{ of: 'pod', pod: 'u-1', name: '', limit: 9, inUse: 9 }] } },
  { name: 'limits not known', node: { host }, lacks: 'limits of units not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])
