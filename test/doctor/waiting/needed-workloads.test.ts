import t from 'tap'
import {
  neededWorkloadOf,
  partsOf,
  placeOfRegistry,
  serviceNamespaceOf
} from '../../../src/doctor/waiting/needed-workloads.ts'
import { workloadObject } from '../../support/subjects.ts'

const images = [
  ['registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.1', 'autoscaler'],
  ['mirror.example.com:5000/k8s/cluster-autoscaler-arm64@sha256:0a', 'autoscaler'],
  ['public.ecr.aws/karpenter/controller:1.8.0@sha256:0a', 'autoscaler'],
  ['mcr.microsoft.com/aks/karpenter/controller:1.6', 'autoscaler'],
  ['registry:2', 'registry'],
  ['docker.io/library/registry:3', 'registry'],
  ['goharbor/registry-photon:v2.13.0', 'registry'],
  ['ghcr.io/spegel-org/spegel:v0.3.0', 'registry'],
  ['localhost:5000/zot', 'registry'],
  ['registry.k8s.io/cpa/cluster-proportional-autoscaler:v1.9.0', undefined],
  ['registry.k8s.io/autoscaling/vpa-recommender:1.4.1', undefined],
  ['registry.example.com:5000/shop/web:1', undefined],
  ['confluentinc/cp-schema-registry:7.9.0', undefined],
  ['registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0', undefined]
] as const
for (const [image, want] of images) {
  void t.test(`${image} is ${want === undefined ? 'nothing that we need' : `of a ${want}`}`, async (t) => {
    const object = workloadObject('apps/v1/Deployment', {
      containers: [
        { name: 'side', image: 'x' },
        { name: 'a', image }
      ]
    })
    t.equal(neededWorkloadOf(object)?.need, want)
  })
}

void t.test('where the image has another name, labels of the pods say the program', async (t) => {
  const labelled = (name: string, value: string) =>
    workloadObject('apps/v1/StatefulSet', { containers: [{ name: 'a', image: 'x/y' }] }, { labels: { [name]: value } })
  t.match(neededWorkloadOf(labelled('app.kubernetes.io/name', 'aws-cluster-autoscaler')), {
    need: 'autoscaler',
    labels: { 'app.kubernetes.io/name': 'aws-cluster-autoscaler' }
  })
  t.equal(neededWorkloadOf(labelled('app', 'docker-registry'))?.need, 'registry')
  t.equal(neededWorkloadOf(labelled('team', 'docker-registry')), undefined)
})

void t.test('what its containers are started with', async (t) => {
  const containers = [
    { name: 'a', image: 'cluster-autoscaler:1', command: ['./run'], args: ['--v=4', '--status-taint=x'] },
    { name: 'b', image: 'y', args: null },
    { name: 'c', image: 'y', args: ['z'] }
  ]
  t.strictSame(neededWorkloadOf(workloadObject('apps/v1/Deployment', { containers }))?.flags, [
    './run',
    '--v=4',
    '--status-taint=x',
    'z'
  ])
})

void t.test('what has no containers, no image or no pod is nothing that we need', async (t) => {
  for (const spec of [{}, { containers: null }, { containers: [{ name: 'a' }] }])
    t.equal(neededWorkloadOf(workloadObject('apps/v1/Deployment', spec)), undefined)
  t.equal(neededWorkloadOf({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'registry' } }), undefined)
})

void t.test('an image has a host and a path, as the programs that pull read it', async (t) => {
  t.strictSame(partsOf('pidguard:0.1.0'), { host: 'docker.io', path: ['pidguard'] })
  t.strictSame(partsOf('team/pidguard'), { host: 'docker.io', path: ['team', 'pidguard'] })
  t.strictSame(partsOf('localhost/pidguard@sha256:0a'), { host: 'localhost', path: ['pidguard'] })
  t.strictSame(partsOf('hub.example.com:5000/a/b:1'), { host: 'hub.example.com:5000', path: ['a', 'b'] })
})

const places = [
  ['registry.images.svc:5000', 'cluster', 'images'],
  ['registry.images.svc.cluster.local', 'cluster', 'images'],
  ['localhost:32000', 'cluster', undefined],
  ['127.0.0.1:5000', 'cluster', undefined],
  ['ghcr.io', 'public', undefined],
  ['eu.gcr.io', 'public', undefined],
  ['123456789012.dkr.ecr.eu-central-1.amazonaws.com', 'public', undefined],
  ['registry.example.com', 'unknown', undefined],
  ['registry.images.svcs', 'unknown', undefined],
  ['ghcr.io.example.com', 'unknown', undefined]
] as const
for (const [host, place, namespace] of places) {
  void t.test(`${host}: ${place}`, async (t) => {
    t.equal(placeOfRegistry(host), place)
    t.equal(serviceNamespaceOf(host), namespace)
  })
}
