import t from 'tap'
import { nodePidUsage as rule } from '../../src/rules/node-pid-usage.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  {
    name: 'at the threshold',
    node: { host: [1000, 800], kubepods: [1000, 1] },
    finds: /800 of 1000 tasks under node .80%., the policy keeps 100 free/
  },
  { name: 'one below', node: { host: [1000, 799], kubepods: [1000, 799] } },
  {
    name: 'kubepods alone is full, as in incident 000',
    node: { host: [1_000_000, 50_000], kubepods: [49_152, 49_000] },
    finds: /49000 of 49152 tasks under kubepods .99%/
  },
  {
    name: 'the fuller one is told',
    node: { host: [1000, 900], kubepods: [1000, 950] },
    finds: /950 of 1000 tasks under kubepods/
  },
  {
    name: 'another threshold',
    node: { host: [1000, 500], kubepods: [1000, 1] },
    settings: { audit: { usage: 0.5 } },
    finds: /500 of 1000/
  },
  {
    name: 'a limit of nothing is full',
    node: { host: [1000, 1], kubepods: [0, 0] },
    finds: /0 of 0 tasks under kubepods .100%/
  },
  { name: 'no limits', node: { host: ['unlimited', null], kubepods: ['unlimited', 900] } },
  { name: 'the known one is full, whatever the other', node: { host: [1000, 900] }, finds: /900/ },
  { name: 'the known one is not full', node: { host: [1000, 1] }, lacks: 'ceiling of kubepods not known' },
  { name: 'use not known', node: { host: [1000, null], kubepods: [1000, 1] }, lacks: 'ceiling of the node not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])
