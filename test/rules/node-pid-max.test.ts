import t from 'tap'
import { nodePidMax as rule } from '../../src/rules/node-pid-max.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  { name: 'as much as the policy asks for', node: { host: [131_072, 1] } },
  { name: 'one less', node: { host: [131_071, 1] }, finds: /131071 tasks, the policy asks for 131072/ },
  { name: 'the default of the kernel, as in incident 003', node: { host: [32_768, 31_635] }, finds: /32768/ },
  { name: 'no limit', node: { host: ['unlimited', 1] } },
  { name: 'another least', node: { host: [40_000, 1] }, settings: { audit: { pidMax: 40_000 } } },
  { name: 'its use is not asked for', node: { host: [32_768, null] }, finds: /32768/ },
  { name: 'only kubepods known', node: { kubepods: [32_768, 1] }, lacks: 'ceiling of the node not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])
