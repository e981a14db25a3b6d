import t from 'tap'
import { nodeCgroupDriver as rule } from '../../src/rules/node-cgroup-driver.ts'
import { holdsCases } from '../support/node-cases.ts'

const host = [32_768, 31_634] as const
const pods = { 'u-1': 21_317, 'u-2': 83 }

holdsCases(t, rule, [
  {
    name: 'all containers run elsewhere',
    node: { host, kubepods: ['unlimited', 21_400], pods, gaps: ['cgroup-drivers'] },
    finds: /^containers of 2 pods, with 21400 tasks, run outside of kubepods/
  },
  {
    name: 'some do: pods from before a driver was changed',
    node: { host, kubepods: [30_000, 900], pods, gaps: ['cgroup-drivers'] },
    finds: /^containers of some pods run outside/
  },
  {
    name: 'what Prometheus has: the cgroups of pods are empty, the rest is not known',
    node: { host, kubepods: ['unlimited', null], gaps: ['cgroup-drivers'] },
    finds: /^containers run outside/
  },
  { name: 'in the cgroups of their pods', node: { host, kubepods: [30_000, 21_400], pods } },
  { name: 'an empty kubepods without pods', node: { host, kubepods: [30_000, 0], pods: {} } },
  {
    name: 'the runtime counts',
    node: { host, kubepods: [null, 900], pods, gaps: ['cri-stats'] },
    lacks: 'cgroups of containers not known'
  },
  { name: 'kubepods not known', node: { host }, lacks: 'cgroups of containers not known' },
  { name: 'not read', node: {}, lacks: 'node not read' }
])
