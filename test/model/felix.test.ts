import t from 'tap'
import { backendEnvOf, backendOf, felixContainerOf, isOperatorManaged, meaningOf } from '../../src/model/felix.ts'
import type { Container } from '../../src/model/kubernetes.ts'
import type { JsonRecord } from '../../src/model/shape.ts'
import { calicoObject, podObject, subjectFrom, workloadObject } from '../support/subjects.ts'

const felixSpec = { containers: [{ name: 'calico-node', image: 'docker.io/calico/node:v3.28.0' }] }
const found: { name: string; object: JsonRecord; at: string | undefined }[] = [
  { name: 'Calico’s own manifest', object: calicoObject(), at: '/spec/template/spec/containers/0' },
  {
    name: 'beside another container',
    object: workloadObject('apps/v1/DaemonSet', { containers: [{ name: 'flannel' }, ...felixSpec.containers] }),
    at: '/spec/template/spec/containers/1'
  },
  { name: 'a Deployment', object: workloadObject('apps/v1/Deployment', felixSpec), at: undefined },
  { name: 'a Pod', object: podObject(felixSpec), at: undefined },
  {
    name: 'on Windows',
    object: workloadObject('apps/v1/DaemonSet', { ...felixSpec, nodeSelector: { 'kubernetes.io/os': 'windows' } }),
    at: undefined
  },
  {
    name: 'by name only',
    object: workloadObject('apps/v1/DaemonSet', { containers: [{ name: 'calico-node', image: 'example.com/x' }] }),
    at: undefined
  },
  {
    name: 'by name and a variable of Felix',
    object: workloadObject('apps/v1/DaemonSet', {
      containers: [{ name: 'calico-node', env: [{ name: 'Felix_X', value: '' }] }]
    }),
    at: '/spec/template/spec/containers/0'
  },
  {
    name: 'by name and what is no variable',
    object: workloadObject('apps/v1/DaemonSet', {
      containers: [{ name: 'calico-node', env: [null, 'felix_', { name: { toString: 1 } }, { name: 5 }] }]
    }),
    at: undefined
  }
]
for (const { name, object, at } of found) {
  void t.test(`Felix is ${at === undefined ? 'not seen' : 'seen'}: ${name}`, async (t) => {
    t.equal(felixContainerOf(subjectFrom(object))?.at, at)
  })
}

void t.test('only the Installation of the tigera operator is an operator’s ownership', async (t) => {
  const owned = (change: object): boolean =>
    isOperatorManaged(
      subjectFrom(
        calicoObject({
          metadata: {
            ownerReferences: [
              {
                apiVersion: 'operator.tigera.io/v1',
                kind: 'Installation',
                name: 'default',
                controller: true,
                ...change
              }
            ]
          }
        })
      )
    )
  t.equal(owned({}), true)
  t.equal(owned({ controller: false }), false)
  t.equal(owned({ apiVersion: 'example.com/v1' }), false)
  t.equal(owned({ kind: 'APIServer' }), false)
  t.equal(isOperatorManaged(subjectFrom(calicoObject())), false)
})

function envOf(...env: unknown[]): Container {
  return { name: 'calico-node', env } as Container
}

void t.test('Felix reads every spelling of the variable, and the last one wins', async (t) => {
  const held = backendEnvOf(
    envOf(
      { name: 'FELIX_IPTABLESBACKEND', value: 'NFT' },
      { name: 'A' },
      { name: 'felix_iptablesBackend', value: 'Legacy' }
    ),
    '/c'
  )
  t.strictSame(
    held.entries.map(({ index }) => index),
    [0, 2]
  )
  t.equal(held.value, 'Legacy')
  t.match(backendEnvOf(envOf({ name: 'FELIX_IPTABLESBACKEND' }), '/c'), { value: '', isIndirect: false })
  t.match(backendEnvOf(envOf({ name: 'FELIX_IPTABLESBACKEND', valueFrom: {} }), '/c'), {
    value: undefined,
    isIndirect: true
  })
  t.match(backendEnvOf({ name: 'c', env: null, envFrom: [{}] }, '/c'), {
    entries: [],
    value: undefined,
    hasEnvFrom: true
  })
  t.match(backendEnvOf(envOf({ name: 'Felix_Iptables_Backend', value: 'x' }), '/c'), {
    entries: [],
    lookalike: { value: 'x' }
  })
})

void t.test('an entry that is no variable is refused with its place', async (t) => {
  for (const entry of [null, 'x', [], {}, { name: 5 }])
    t.throws(() => backendEnvOf(envOf({ name: 'A' }, entry), '/c'), {
      code: 'ERR_OBJECT_MALFORMED',
      message: /^\/c\/env\/1: /
    })
  t.throws(() => backendEnvOf(envOf({ name: 'A' }, { name: 'FELIX_IPTABLESBACKEND', value: 5 }), '/c'), {
    code: 'ERR_OBJECT_MALFORMED',
    message: /^\/c\/env\/1\/value: expected a string, found a number$/
  })
})

void t.test('Felix ignores the case of a value and nothing else', async (t) => {
  const cases: [string, string | undefined, RegExp][] = [
    ['NFT', 'NFT', /^NFT$/],
    ['nft', 'NFT', /^NFT$/],
    ['LEGACY', 'Legacy', /^Legacy$/],
    [' nft', undefined, /^invalid/],
    ['', undefined, /^invalid/],
    ['Auto', undefined, /^detection/],
    ['none', undefined, /^no backend/]
  ]
  for (const [value, backend, meaning] of cases) {
    t.equal(backendOf(value), backend)
    t.match(meaningOf(value), meaning)
  }
})
