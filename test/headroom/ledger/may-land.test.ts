import t from 'tap'
import type { LedgerNode } from '../../../src/headroom/ledger/ledger-inputs.ts'
import { lowPidsTaint, mayLand, mayLandIfTolerated } from '../../../src/headroom/ledger/may-land.ts'
import { Placements } from '../../../src/kubernetes/placement/placement.ts'
import type { Maker } from '../../../src/kubernetes/placement/tolerations.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { nodeFacts } from '../../support/headroom.ts'

const zones = nodeFacts('n1', { labels: { zone: 'a', cores: '16', odd: 'x16' } })

function required(...nodeSelectorTerms: unknown[]): JsonRecord {
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } }
}

function where(key: string, operator: string, ...values: string[]): JsonRecord {
  return required({ matchExpressions: [{ key, operator, values }] })
}

function named(operator: string, ...values: string[]): JsonRecord {
  return required({ matchFields: [{ key: 'metadata.name', operator, values }] })
}

const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }
const tainted = nodeFacts('n1', { taints: [taint] })
const cordoned = nodeFacts('n1', { unschedulable: true })
const tolerate = (toleration: JsonRecord): JsonRecord => ({ tolerations: [toleration] })

const cases: readonly { name: string; spec: JsonRecord; node?: LedgerNode; maker?: Maker; want: boolean }[] = [
  { name: 'nothing asked', spec: {}, want: true },
  { name: 'nodeName of this node', spec: { nodeName: 'n1' }, want: true },
  { name: 'nodeName of another', spec: { nodeName: 'n2' }, want: false },
  {
    name: 'nodeName goes past taints and cordon',
    spec: { nodeName: 'n1' },
    node: { ...tainted, unschedulable: true },
    want: true
  },
  { name: 'nodeName goes past the selector', spec: { nodeName: 'n1', nodeSelector: { zone: 'b' } }, want: true },
  { name: 'an empty nodeName is none', spec: { nodeName: '' }, want: true },
  { name: 'selector equal', spec: { nodeSelector: { zone: 'a' } }, want: true },
  { name: 'selector not equal', spec: { nodeSelector: { zone: 'b' } }, want: false },
  { name: 'selector of a label that is not there', spec: { nodeSelector: { rack: '' } }, want: false },
  { name: 'selector named like a method', spec: { nodeSelector: { constructor: 'a' } }, want: false },
  { name: 'one selector of two', spec: { nodeSelector: { zone: 'a', cores: '8' } }, want: false },
  {
    name: 'selector and affinity, both',
    spec: { nodeSelector: { zone: 'a' }, ...where('cores', 'In', '8') },
    want: false
  },
  { name: 'In', spec: where('zone', 'In', 'b', 'a'), want: true },
  { name: 'In, other value', spec: where('zone', 'In', 'b'), want: false },
  { name: 'In, label absent', spec: where('rack', 'In', 'a'), want: false },
  { name: 'In without values cannot be parsed', spec: where('zone', 'In'), want: false },
  { name: 'NotIn', spec: where('zone', 'NotIn', 'a'), want: false },
  { name: 'NotIn, other value', spec: where('zone', 'NotIn', 'b'), want: true },
  { name: 'NotIn, label absent', spec: where('rack', 'NotIn', 'a'), want: true },
  { name: 'Exists', spec: where('zone', 'Exists'), want: true },
  { name: 'Exists, absent', spec: where('rack', 'Exists'), want: false },
  { name: 'Exists with a value cannot be parsed', spec: where('zone', 'Exists', 'a'), want: false },
  { name: 'DoesNotExist', spec: where('rack', 'DoesNotExist'), want: true },
  { name: 'DoesNotExist, there', spec: where('zone', 'DoesNotExist'), want: false },
  { name: 'Gt below', spec: where('cores', 'Gt', '15'), want: true },
  { name: 'Gt equal', spec: where('cores', 'Gt', '16'), want: false },
  { name: 'Lt above', spec: where('cores', 'Lt', '17'), want: true },
  { name: 'Lt equal', spec: where('cores', 'Lt', '16'), want: false },
  { name: 'Gt of a label that is no number', spec: where('odd', 'Gt', '1'), want: false },
  { name: 'Gt of a label that is absent', spec: where('rack', 'Gt', '1'), want: false },
  { name: 'Gt of no number cannot be parsed', spec: where('cores', 'Gt', 'ten'), want: false },
  { name: 'Gt of more than 64 bits cannot be parsed', spec: where('cores', 'Lt', '9223372036854775808'), want: false },
  { name: 'Lt of 64 bits', spec: where('cores', 'Lt', '9223372036854775807'), want: true },
  { name: 'Gt with two values cannot be parsed', spec: where('cores', 'Gt', '1', '2'), want: false },
  { name: 'an operator nobody knows', spec: where('zone', 'Near', 'a'), want: false },
  { name: 'a key that is no label', spec: where('-zone', 'DoesNotExist'), want: false },
  { name: 'a prefix that is no domain', spec: where('A_b/zone', 'DoesNotExist'), want: false },
  { name: 'a value of 63 characters', spec: where('zone', 'NotIn', 'a'.repeat(63)), want: true },
  { name: 'a value of 64 cannot be parsed', spec: where('zone', 'NotIn', 'a'.repeat(64)), want: false },
  { name: 'an empty value is one', spec: where('zone', 'NotIn', ''), want: true },
  { name: 'no terms match nothing', spec: required(), want: false },
  { name: 'an empty term matches nothing', spec: required({}), want: false },
  {
    name: 'a term of empty lists matches nothing',
    spec: required({ matchExpressions: [], matchFields: [] }),
    want: false
  },
  {
    name: 'an empty term beside one that matches',
    spec: required({}, { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }),
    want: true
  },
  {
    name: 'terms are ORed',
    spec: required(
      { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] },
      { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }
    ),
    want: true
  },
  {
    name: 'inside a term all must hold',
    spec: required({
      matchExpressions: [
        { key: 'zone', operator: 'In', values: ['a'] },
        { key: 'rack', operator: 'Exists' }
      ]
    }),
    want: false
  },
  {
    name: 'expressions and fields, both',
    spec: required({
      matchExpressions: [{ key: 'zone', operator: 'Exists' }],
      matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }]
    }),
    want: false
  },
  {
    name: 'a term that cannot be parsed is skipped, and the next one counts',
    spec: required(
      { matchExpressions: [{ key: 'zone', operator: 'Gt', values: ['x'] }] },
      { matchExpressions: [{ key: 'zone', operator: 'Exists' }] }
    ),
    want: true
  },
  { name: 'field In this node', spec: named('In', 'n1'), want: true },
  { name: 'field In another', spec: named('In', 'n2'), want: false },
  { name: 'field NotIn this node', spec: named('NotIn', 'n1'), want: false },
  { name: 'field NotIn another', spec: named('NotIn', 'n2'), want: true },
  { name: 'a field with two values cannot be parsed', spec: named('In', 'n1', 'n2'), want: false },
  { name: 'a field knows no Exists', spec: named('Exists'), want: false },
  {
    name: 'preferred affinity excludes nothing',
    spec: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] } }
          ]
        }
      }
    },
    want: true
  },
  { name: 'a taint', spec: {}, node: tainted, want: false },
  {
    name: 'a taint NoExecute',
    spec: {},
    node: nodeFacts('n1', { taints: [{ ...taint, effect: 'NoExecute' }] }),
    want: false
  },
  {
    name: 'a taint PreferNoSchedule excludes nothing',
    spec: {},
    node: nodeFacts('n1', { taints: [{ ...taint, effect: 'PreferNoSchedule' }] }),
    want: true
  },
  {
    name: 'our own mark excludes nothing here',
    spec: {},
    node: nodeFacts('n1', { taints: [{ ...taint, key: lowPidsTaint }] }),
    want: true
  },
  {
    name: 'tolerated: Equal',
    spec: tolerate({ key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }),
    node: tainted,
    want: true
  },
  {
    name: 'an absent operator is Equal',
    spec: tolerate({ key: 'dedicated', value: 'gpu' }),
    node: tainted,
    want: true
  },
  {
    name: 'Equal, other value',
    spec: tolerate({ key: 'dedicated', operator: 'Equal', value: 'cpu' }),
    node: tainted,
    want: false
  },
  { name: 'Exists', spec: tolerate({ key: 'dedicated', operator: 'Exists' }), node: tainted, want: true },
  { name: 'Exists of another key', spec: tolerate({ key: 'other', operator: 'Exists' }), node: tainted, want: false },
  { name: 'Exists without a key tolerates all', spec: tolerate({ operator: 'Exists' }), node: tainted, want: true },
  {
    name: 'the other effect',
    spec: tolerate({ key: 'dedicated', operator: 'Exists', effect: 'NoExecute' }),
    node: tainted,
    want: false
  },
  {
    name: 'an operator nobody knows tolerates nothing',
    spec: tolerate({ key: 'dedicated', operator: 'Like', value: 'gpu' }),
    node: tainted,
    want: false
  },
  {
    name: 'Gt and Lt, behind a gate, are taken to tolerate',
    spec: tolerate({ key: 'dedicated', operator: 'Gt', value: '1' }),
    node: tainted,
    want: true
  },
  {
    name: 'one of two taints tolerated',
    spec: tolerate({ key: 'dedicated', operator: 'Exists' }),
    node: nodeFacts('n1', { taints: [taint, { ...taint, key: 'b' }] }),
    want: false
  },
  { name: 'cordon', spec: {}, node: cordoned, want: false },
  {
    name: 'cordon tolerated',
    spec: tolerate({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }),
    node: cordoned,
    want: true
  },
  { name: 'cordon, for pods of a DaemonSet', spec: {}, node: cordoned, maker: 'daemon-set', want: true },
  { name: 'cordon, for pods of a Deployment', spec: {}, node: cordoned, maker: 'controller', want: false },
  {
    name: 'not ready for some seconds, for pods of a Deployment',
    spec: {},
    node: nodeFacts('n1', { taints: [{ key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoExecute' }] }),
    maker: 'controller',
    want: true
  },
  {
    name: 'no network yet, for a DaemonSet on the host network',
    spec: { hostNetwork: true },
    node: nodeFacts('n1', {
      taints: [{ key: 'node.kubernetes.io/network-unavailable', value: '', effect: 'NoSchedule' }]
    }),
    maker: 'daemon-set',
    want: true
  },
  {
    name: 'no network yet, for any other DaemonSet',
    spec: {},
    node: nodeFacts('n1', {
      taints: [{ key: 'node.kubernetes.io/network-unavailable', value: '', effect: 'NoSchedule' }]
    }),
    maker: 'daemon-set',
    want: false
  },
  {
    name: 'affinity of no known shape',
    spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: 'x' } } },
    want: false
  },
  ...(
    [
      ['linux', {}, true],
      ['windows', {}, false],
      ['plan9', {}, false],
      ['windows', { os: { name: 'linux' } }, false],
      ['windows', { os: { name: 'windows' } }, true],
      ['linux', { os: { name: 'windows' } }, false],
      ['windows', { nodeSelector: { 'kubernetes.io/os': 'windows' } }, true],
      ['windows', { os: { name: 7 } }, false],
      ['windows', { nodeName: 'n1' }, true]
    ] as const
  ).map(([os, spec, want]) => ({
    name: `a node of ${os}, and ${JSON.stringify(spec)}`,
    spec,
    node: nodeFacts('n1', { labels: { 'kubernetes.io/os': os } }),
    want
  })),
  { name: 'an affinity that is a text', spec: { affinity: 'x' }, want: true },
  {
    name: 'tolerations that are none',
    spec: { tolerations: [1, null, 'x', { operator: 3 }] },
    node: tainted,
    want: false
  }
]

for (const { name, spec, node = zones, maker, want } of cases) {
  t.test(name, async (t) => {
    t.equal(mayLand(new Placements().of(spec, maker), node), want)
  })
}

const controlPlane = { key: 'node-role.kubernetes.io/control-plane', value: '', effect: 'NoSchedule' }
const pressed = { key: 'node.kubernetes.io/memory-pressure', value: '', effect: 'NoSchedule' }

const behindTaints: readonly { name: string; spec?: JsonRecord; node: LedgerNode; want: boolean }[] = [
  { name: 'a taint of its owner', node: tainted, want: true },
  { name: 'two of them', node: nodeFacts('n1', { taints: [taint, { ...taint, key: 'b' }] }), want: true },
  { name: 'no taint', node: nodeFacts('n1'), want: false },
  { name: 'one that is tolerated', spec: tolerate({ operator: 'Exists' }), node: tainted, want: false },
  {
    name: 'one that excludes nothing',
    node: nodeFacts('n1', { taints: [{ ...taint, key: lowPidsTaint }] }),
    want: false
  },
  { name: 'the control plane', node: nodeFacts('n1', { taints: [controlPlane] }), want: false },
  { name: 'a node in trouble', node: nodeFacts('n1', { taints: [taint, pressed] }), want: false },
  {
    name: 'trouble that is tolerated, and a taint of its owner',
    spec: tolerate({ key: pressed.key, operator: 'Exists' }),
    node: nodeFacts('n1', { taints: [taint, pressed] }),
    want: true
  },
  { name: 'a cordoned node', node: { ...tainted, unschedulable: true }, want: false },
  { name: 'a label it lacks', spec: { nodeSelector: { zone: 'a' } }, node: tainted, want: false },
  { name: 'an affinity it lacks', spec: where('zone', 'Exists'), node: tainted, want: false },
  { name: 'nodeName of another', spec: { nodeName: 'n2' }, node: tainted, want: false }
]

for (const { name, spec = {}, node, want } of behindTaints) {
  t.test(`a toleration would ${want ? '' : 'not '}do: ${name}`, async (t) => {
    t.equal(mayLandIfTolerated(new Placements().of(spec, 'controller'), node), want)
  })
}
