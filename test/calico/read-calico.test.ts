import t, { type Test } from 'tap'
import { readCalico } from '../../src/calico/read-calico.ts'
import { nodeRowsOf } from '../../src/kubernetes/calico/node-rows.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { otherFelixObject } from '../support/calico-clusters.ts'
import { sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'
import { calicoObject, workloadObject } from '../support/subjects.ts'

const owner = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'calico-node', uid: 'u', controller: true }]
const inNamespace = (object: JsonRecord, name: string) => ({
  ...object,
  metadata: { ...(object['metadata'] as object), namespace: 'kube-system', name }
})
const pod = (name: string, hash: string, nodeName: string, ownerReferences = owner) => ({
  metadata: { name, namespace: 'kube-system', labels: { 'controller-revision-hash': hash }, ownerReferences },
  spec: { nodeName }
})
const revision = (hash: string, number: number) => ({
  metadata: {
    name: hash,
    namespace: 'kube-system',
    labels: { 'controller-revision-hash': hash },
    ownerReferences: owner
  },
  revision: number
})
const node = (name: string) => ({
  metadata: { name },
  status: { nodeInfo: { osImage: 'Debian GNU/Linux 12 (bookworm)', kernelVersion: '6.1.0' } }
})

const items: Record<string, unknown[]> = {
  '/apis/apps/v1/daemonsets': [
    inNamespace(calicoObject(), 'calico-node'),
    inNamespace(workloadObject('apps/v1/DaemonSet'), 'other')
  ],
  '/api/v1/pods': [
    pod('calico-node-1', 'new', 'a'),
    pod('calico-node-2', 'old', 'b'),
    pod('calico-node-3', 'new', ''),
    pod('stray', 'old', 'a', [])
  ],
  '/apis/apps/v1/controllerrevisions': [revision('old', 1), revision('new', 2)],
  '/apis/crd.projectcalico.org/v1/felixconfigurations': [
    { metadata: { name: 'default' }, spec: { iptablesBackend: 'NFT' } }
  ],
  '/api/v1/nodes': [node('a'), node('b')]
}
const proxy = '/api/v1/namespaces/kube-system/configmaps/kube-proxy'

async function read(t: Test, forbidden: readonly string[] = [], mode = 'nftables') {
  const selectors: string[] = []
  const api = await startFakeApi((request, response, query) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const selector = query.get('labelSelector')
    if (selector !== null) selectors.push(`${path} ${selector}`)
    if (forbidden.includes(path)) sendStatus(response, 403)
    else if (path === proxy) sendJson(response, { data: { 'config.conf': `kind: X\nmode: "${mode}"\n` } })
    else if (items[path] === undefined) sendStatus(response, 404)
    else sendJson(response, { metadata: { resourceVersion: '1' }, items: items[path] })
  })
  t.teardown(() => api.stop())
  return { reading: await readCalico(api.client, new AbortController().signal), selectors }
}

t.test('a cluster, by lists of Felix alone', async (t) => {
  const { reading, selectors } = await read(t)
  t.strictSame(reading.gaps, [])
  t.match(reading.logGap, /^pods\/log of 2 of 2 pods: /)
  t.strictSame(
    nodeRowsOf(reading).map(({ node, revision, backend }) => [node, revision, backend?.source, backend?.meaning]),
    [
      ['a', 'newest', 'default', 'NFT'],
      ['b', 'old', 'default', 'NFT']
    ]
  )
  t.equal(reading.kubeProxy, 'nftables')
  t.strictSame(selectors, ['/api/v1/pods k8s-app=calico-node', '/apis/apps/v1/controllerrevisions k8s-app=calico-node'])
})

t.test('Felix in a container of another name has rows, and its log is asked for by that name', async (t) => {
  const asked: string[] = []
  const ofTerway = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'terway', uid: 'u', controller: true }]
  const listed: Record<string, unknown[]> = {
    ...items,
    '/apis/apps/v1/daemonsets': [otherFelixObject()],
    '/api/v1/pods': [pod('terway-1', 'new', 'a', ofTerway)],
    '/apis/apps/v1/controllerrevisions': []
  }
  const api = await startFakeApi((request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    asked.push(request.url ?? '')
    if (listed[path] === undefined) sendStatus(response, 404)
    else sendJson(response, { metadata: { resourceVersion: '1' }, items: listed[path] })
  })
  t.teardown(() => api.stop())
  const rows = nodeRowsOf(await readCalico(api.client, new AbortController().signal))
  t.match(rows, [{ node: 'a', daemonSet: 'kube-system/terway', otherContainer: 'policy' }, { daemonSet: undefined }])
  t.match(asked.join('\n'), /pods\/terway-1\/log\?container=policy&/)
})

t.test('what may not be read is unknown, and named', async (t) => {
  const { reading } = await read(t, [
    '/api/v1/pods',
    '/apis/apps/v1/controllerrevisions',
    '/apis/projectcalico.org/v3/felixconfigurations',
    '/apis/crd.projectcalico.org/v1/felixconfigurations',
    proxy
  ])
  t.match(reading, { pods: undefined, newest: undefined, configurations: undefined, kubeProxy: undefined })
  t.equal(reading.gaps.length, 3)
  t.match(reading.gaps.join('\n'), /list on pods is needed/)
  t.strictSame(
    nodeRowsOf(reading).map(({ revision, backend }) => [revision, backend?.source]),
    [
      ['unknown', 'unknown'],
      ['unknown', 'unknown']
    ]
  )
})

t.test('an empty mode of kube-proxy means iptables', async (t) => {
  t.equal((await read(t, [], '')).reading.kubeProxy, 'iptables')
})
