import t from 'tap'
import { nodePodPidsLimit as rule } from '../../src/rules/node-pod-pids-limit.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  { name: 'no podPidsLimit', node: { kubelet: {} }, finds: /no podPidsLimit/ },
  { name: 'a podPidsLimit', node: { kubelet: { podPidsLimit: 1024 } } },
  {
    name: 'a podPidsLimit just below the ceiling',
    node: { kubelet: { podPidsLimit: 29_999 }, host: [32_768, 1], kubepods: [30_000, 1] }
  },
  {
    name: 'a podPidsLimit as high as the lower ceiling bounds nothing',
    node: { kubelet: { podPidsLimit: 30_000 }, host: [32_768, 1], kubepods: [30_000, 1] },
    finds: /podPidsLimit 30000 is not below the ceiling of the node, 30000/
  },
  { name: 'a podPidsLimit, and ceilings unknown', node: { kubelet: { podPidsLimit: 500_000 } } },
  {
    name: 'the configuration has the last word',
    node: { kubelet: { podPidsLimit: 1024 }, pods: { a: 5 }, podLimits: {} }
  },
  {
    name: 'not configured as far as known, every pod has a limit',
    node: { pods: { a: 5, b: 6 }, podLimits: { a: 10, b: 10 } }
  },
  { name: 'one pod has none', node: { pods: { a: 5, b: 6 }, podLimits: { a: 10 } }, finds: /1 of 2 pods/ },
  { name: 'limits of pods were not looked at', node: { pods: { a: 5 } }, lacks: 'kubelet configuration not known' },
  { name: 'no pod to look at', node: { pods: {}, podLimits: {} }, lacks: 'kubelet configuration not known' },
  { name: 'not read', node: {}, lacks: 'kubelet configuration not known' }
])
