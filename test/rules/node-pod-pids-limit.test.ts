import t from 'tap'
import { nodePodPidsLimit as rule } from '../../src/rules/node-pod-pids-limit.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  { name: 'no podPidsLimit', node: { kubelet: {} }, finds: /no podPidsLimit/ },
  { name: 'a podPidsLimit', node: { kubelet: { podPidsLimit: 1024 } } },
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
