import t from 'tap'
import { nodePidEviction as rule } from '../../src/rules/node-pid-eviction.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  { name: 'no threshold', node: { kubelet: {} }, finds: /PIDPressure never turns true/ },
  { name: 'a threshold', node: { kubelet: { eviction: '10%' } } },
  {
    name: 'configuration not read',
    node: { host: [32_768, 1], kubepods: [32_768, 1] },
    lacks: 'kubelet configuration not known'
  }
])
