import t from 'tap'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { nodeExporterProcesses as rule } from '../../src/rules/node-exporter-processes.ts'
import { findingsOf, told, type World } from '../support/judge.ts'
import { podObject, workloadObject } from '../support/subjects.ts'

const image = 'quay.io/prometheus/node-exporter:v1.8.2'
const exporter = (change: JsonRecord = {}) => ({ name: 'node-exporter', image, ...change })
const daemonSet = (change: JsonRecord = {}, metadata: JsonRecord = {}) =>
  workloadObject('apps/v1/DaemonSet', { containers: [exporter(change)] }, {}, metadata)
const missing = ['denial /spec/template/spec/containers/0/args']

const commandLines: { name: string; container: JsonRecord; want: string[] }[] = [
  { name: 'no arguments', container: {}, want: missing },
  { name: 'arguments null', container: { args: null, command: null }, want: missing },
  { name: 'other arguments', container: { args: ['--no-collector.wifi', '--path.procfs=/host/proc'] }, want: missing },
  { name: 'the flag', container: { args: ['--no-collector.wifi', '--collector.processes'] }, want: [] },
  {
    name: 'the flag in the command',
    container: { command: ['/bin/node_exporter', '--collector.processes'] },
    want: []
  },
  { name: 'switched off', container: { args: ['--no-collector.processes'] }, want: missing },
  {
    name: 'switched off again later',
    container: { args: ['--collector.processes', '--no-collector.processes'] },
    want: missing
  },
  {
    name: 'switched on after all',
    container: { args: ['--no-collector.processes', '--collector.processes'] },
    want: []
  },
  {
    name: 'off in the arguments after on in the command',
    container: { command: ['node_exporter', '--collector.processes'], args: ['--no-collector.processes'] },
    want: missing
  },
  {
    name: 'a line for a shell',
    container: { command: ['/bin/sh', '-c', 'exec node_exporter --collector.processes --web.listen-address=:9101'] },
    want: []
  }
]
for (const { name, container, want } of commandLines) {
  t.test(name, async (t) => {
    t.strictSame(told(findingsOf(rule, daemonSet(container))), want)
  })
}

t.test('images of node_exporter', async (t) => {
  const ours = [
    'prom/node-exporter',
    'prom/node-exporter:v1.8.2',
    'quay.io/prometheus/node-exporter@sha256:0123',
    'quay.io/prometheus/node-exporter:v1.8.2@sha256:0123',
    'registry.local:5000/mirror/prometheus/node-exporter:v1',
    'bitnami/node-exporter:1',
    'node_exporter:latest',
    'example.com/prometheus-node-exporter:1',
    'docker.io/rancher/mirrored-prometheus-node-exporter:v1.8.2',
    'registry.redhat.io/openshift4/ose-prometheus-node-exporter:v4.16'
  ]
  for (const name of ours) t.equal(findingsOf(rule, daemonSet({ image: name })).length, 1, name)
  const others = [
    'prom/node-exporter-proxy:1',
    'example.com/node-exporter/proxy:1',
    'cryptonode-exporter:1',
    'windows-exporter',
    ''
  ]
  for (const name of others) t.strictSame(findingsOf(rule, daemonSet({ image: name })), [], name)
  t.strictSame(findingsOf(rule, daemonSet({ image: null })), [], 'an image left to others')
})

t.test('every container that runs it is named', async (t) => {
  const containers = [{ name: 'kube-rbac-proxy', image: 'quay.io/brancz/kube-rbac-proxy:v0.18' }, exporter()]
  const initContainers = [{ ...exporter(), name: 'native-sidecar', restartPolicy: 'Always' }]
  t.strictSame(told(findingsOf(rule, podObject({ containers, initContainers }))), [
    'denial /spec/initContainers/0/args',
    'denial /spec/containers/1/args'
  ])
})

t.test('who owns it', async (t) => {
  const owned = (kind: string, controller = true) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'node-exporter', uid: 'u', controller }]
  })
  const pod = (metadata: JsonRecord) => podObject({ containers: [exporter()] }, metadata)
  t.strictSame(findingsOf(rule, pod(owned('DaemonSet'))), [], 'what was said of the DaemonSet is not said per Pod')
  t.strictSame(told(findingsOf(rule, pod({}))), ['denial /spec/containers/0/args'], 'a Pod of its own')
  t.strictSame(told(findingsOf(rule, pod(owned('ReplicaSet')))), ['advice /spec/containers/0/args'], 'a Pod of others')
  t.strictSame(
    told(findingsOf(rule, daemonSet({}, owned('Prometheus')))),
    ['advice /spec/template/spec/containers/0/args'],
    'a DaemonSet of an operator: it would write it again and again'
  )
  t.strictSame(told(findingsOf(rule, daemonSet({}, owned('Prometheus', false)))), missing, 'an owner without control')
  t.strictSame(findingsOf(rule, workloadObject('apps/v1/Deployment', { containers: [exporter()] })), [], 'one per node')
})

t.test('an update that leaves the command line alone passes', async (t) => {
  const update = (oldObject: JsonRecord): World => ({ request: { operation: 'UPDATE', oldObject } })
  t.strictSame(findingsOf(rule, daemonSet({ resources: {} }), update(daemonSet())), [])
  t.equal(findingsOf(rule, daemonSet(), update(daemonSet({ args: ['--collector.processes'] }))).length, 1)
})

t.test('it warns, and changes nothing', async (t) => {
  t.equal(rule.defaultMode, 'warn')
  t.equal(rule.fix, undefined)
})
