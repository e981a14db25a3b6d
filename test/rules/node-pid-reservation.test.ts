import t from 'tap'
import { nodePidReservation as rule } from '../../src/rules/node-pid-reservation.ts'
import { holdsCases } from '../support/node-cases.ts'

holdsCases(t, rule, [
  { name: 'nothing reserved', node: { kubelet: {} }, finds: /neither systemReserved nor kubeReserved/ },
  { name: 'something reserved', node: { kubelet: { reserved: 1 } } },
  {
    name: 'reserved, and kubepods keeps to it',
    node: { host: [32_768, 1], kubepods: [31_768, 1], kubelet: { reserved: 1000 } }
  },
  {
    name: 'reserved, but kubepods has no limit',
    node: { host: [32_768, 1], kubepods: ['unlimited', 1], kubelet: { reserved: 1000 } },
    finds: /no limit at all/
  },
  {
    name: 'not configured as far as known, kubepods has all of the node',
    node: { host: [32_768, 1], kubepods: [32_768, 1] },
    finds: /32768/
  },
  {
    name: 'kubepods has less: a reservation, or drift',
    node: { host: [32_768, 1], kubepods: [32_767, 1] },
    lacks: 'kubelet configuration not known'
  },
  {
    name: 'a reservation that is no count',
    node: { kubelet: { reserved: null } },
    lacks: 'kubelet configuration not known'
  },
  { name: 'not read', node: {}, lacks: 'kubelet configuration not known' }
])
