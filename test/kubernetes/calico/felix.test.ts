import t from 'tap'
import {
  backendEnvOf,
  backendOf,
  felixContainerOf,
  isOperatorManaged,
  otherFelixOf,
  runsFelix,
  specOf
} from '../../../src/kubernetes/calico/felix.ts'
import { type PodSubject, subjectOfObject } from '../../../src/kubernetes/subject.ts'
import type { Container } from '../../../src/kubernetes/types.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { calicoObject, podSubject, subjectFrom, workloadObject } from '../../support/subjects.ts'

t.test('the backend of a value: case does not matter, everything else does', async (t) => {
  for (const value of ['NFT', 'nft', 'nFt']) t.equal(backendOf(value), 'NFT')
  for (const value of ['Legacy', 'LEGACY']) t.equal(backendOf(value), 'Legacy')
  for (const value of ['', ' nft', 'nft ', 'nftables', 'auto', 'none', 'ſ']) t.equal(backendOf(value), undefined, value)
})

t.test('the variable in an environment', async (t) => {
  const read = (change: JsonRecord) => backendEnvOf({ name: 'calico-node', ...change } as Container, '/at')
  const name = 'FELIX_IPTABLESBACKEND'
  t.match(read({}), { entries: [], lookalike: undefined, value: undefined, hasEnvFrom: false })
  t.match(read({ env: null, envFrom: null }), { value: undefined, hasEnvFrom: false })
  t.match(read({ envFrom: [{}] }), { hasEnvFrom: true })
  t.equal(
    read({
      env: [
        { name, value: 'a' },
        { name: 'felix_iptablesbackend', value: 'b' }
      ]
    }).value,
    'b',
    'the last wins'
  )
  t.equal(read({ env: [{ name }] }).value, '', 'no value is the empty string')
  t.equal(read({ env: [{ name, value: null }] }).value, '')
  for (const entry of [
    { name, valueFrom: {} },
    { name, value: '$(X)' },
    { name, value: 'a$(X)' }
  ]) {
    t.equal(read({ env: [entry] }).value, undefined, 'set elsewhere')
    t.equal(read({ env: [entry] }).entries.length, 1)
  }
  t.throws(() => read({ env: [{ name: 'x' }, { name, value: 1 }] }), { message: /^\/at\/env\/1\/value: / })
  t.throws(() => read({ env: [{ name: 'x' }, { value: 'x' }] }), { message: /^\/at\/env\/1: / })
})

t.test('where Felix runs, and who owns it', async (t) => {
  const calico = subjectFrom(calicoObject())
  t.match(felixContainerOf(calico), { container: { name: 'calico-node' }, at: '/spec/template/spec/containers/0' })
  t.equal(felixContainerOf(podSubject({ containers: [{ name: 'calico-node', image: 'calico/node:v3' }] })), undefined)
  const empty: PodSubject = { ...podSubject(), groupKind: 'apps/DaemonSet', podSpec: {} }
  t.equal(felixContainerOf(empty), undefined)
  const other = subjectFrom({ apiVersion: 'example.com/v1', kind: 'X' })
  t.equal(felixContainerOf({ ...other, groupKind: 'apps/DaemonSet' }), undefined, 'no pod to look into')
  t.equal(isOperatorManaged(calico), false)
})

t.test('the spec of an object', async (t) => {
  t.equal(specOf(subjectFrom({ apiVersion: 'example.com/v1', kind: 'X', spec: 'none' })), undefined)
  t.strictSame(specOf(subjectFrom({ apiVersion: 'example.com/v1', kind: 'X', spec: { a: 1 } })), { a: 1 })
})

t.test('Felix in a container of another name', async (t) => {
  const terway = (container: JsonRecord, spec: JsonRecord = {}) =>
    subjectFrom(
      workloadObject('apps/v1/DaemonSet', { containers: [{ name: 'eni' }, { name: 'policy', ...container }], ...spec })
    )
  const variable = { env: [{ name: 'felix_HealthEnabled', value: 'true' }] }
  for (const container of [
    variable,
    { command: ['sh', '-c', 'exec calico-felix'] },
    { args: ['/bin/calico-felix'] },
    { image: 'registry.local/mirror/calico-node:v3' }
  ]) {
    t.match(otherFelixOf(terway(container)), { at: '/spec/template/spec/containers/1' }, JSON.stringify(container))
  }
  t.equal(otherFelixOf(subjectFrom(calicoObject())), undefined, 'calico-node is no other')
  t.equal(otherFelixOf(terway(variable, { nodeSelector: { 'kubernetes.io/os': 'windows' } })), undefined)
  t.equal(otherFelixOf(terway({ env: null, command: null, args: null })), undefined)
  t.equal(otherFelixOf(podSubject({ containers: [{ name: 'policy', ...variable }] })), undefined, 'DaemonSets alone')
})

t.test('pods that run Felix', async (t) => {
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', uid: 'u', controller: true }
  const pod = (spec: JsonRecord, metadata: JsonRecord) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'net', ...metadata },
    spec: { hostNetwork: true, containers: [{ name: 'calico-node', image: 'calico/node:v3.31.7' }], ...spec }
  })
  const is = (object: JsonRecord, change: JsonRecord = {}) =>
    runsFelix(subjectFrom(object, { userName: 'system:serviceaccount:kube-system:daemon-set-controller', ...change }))
  t.equal(is(pod({}, { ownerReferences: [owner] })), true)
  t.equal(is(pod({}, {})), false, 'a bare pod')
  t.equal(is(pod({}, { ownerReferences: [{ ...owner, kind: 'ReplicaSet' }] })), false)
  t.equal(is(pod({ hostNetwork: false }, { ownerReferences: [owner] })), false, 'without the network of the node')
  const critical = { hostNetwork: undefined, priorityClassName: 'system-node-critical' }
  t.equal(is(pod(critical, { ownerReferences: [owner] })), false, 'any namespace may use this class')
  const owned = pod({}, { ownerReferences: [owner] })
  for (const userName of ['jane', 'system:serviceaccount:shop:kube-system', 'system:kube-controller-managers', ''])
    t.equal(is(owned, { userName }), false, `an owner that ${userName} writes`)
  t.equal(is(owned, { userName: 'system:kube-controller-manager' }), true)
  t.equal(runsFelix(subjectOfObject(owned)), true, 'a stored pod')
  t.equal(is(owned, { userName: 'jane', operation: 'UPDATE', oldObject: owned }), true, 'whoever changes it later')
  t.equal(is(pod({ containers: [{ name: 'calico-node', image: 'x' }] }, { ownerReferences: [owner] })), false)
  t.equal(is(calicoObject()), false, 'a template without hostNetwork')
})
