import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { controllerKinds, factKinds, podKind } from '../../src/audit/listed-kinds.ts'
import { DumpObjects } from '../../src/input/dump-objects.ts'
import { nodeFactsOf } from '../../src/kube/cache/cached-kinds.ts'
import { buildPodProjection } from '../../src/kube/cache/cached-pods.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { PodFacts } from '../../src/model/cluster-objects.ts'
import type { ListedKind, ListFailure } from '../../src/ports/objects.ts'
import type { ClusterSnapshot } from '../../src/snapshot/snapshot.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { memoryInputs } from '../support/files.ts'

const file = join(import.meta.dirname, '../fixtures/snapshots/kubepods-full.yaml')
const snapshot = readSnapshot('snapshot.yaml', readFileSync(file, 'utf8'))

async function read(
  texts: Readonly<Record<string, string>>,
  kinds: readonly ListedKind[],
  given?: ClusterSnapshot,
  paths: readonly string[] = Object.keys(texts)
): Promise<{ objects: JsonRecord[]; failures: readonly ListFailure[]; notes: readonly string[] }> {
  const objects: JsonRecord[] = []
  const dump = new DumpObjects(paths, memoryInputs(texts), given)
  const failures = await dump.each(kinds, (object) => void objects.push(object))
  return { objects, failures, notes: dump.notes() }
}

function names(objects: readonly JsonRecord[]): string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${(metadata as JsonRecord)['name']}`).sort()
}

const spec = { containers: [{ name: 'app', image: 'example.com/app:1' }] }
const ofTemplate = `spec: {template: {spec: ${JSON.stringify(spec)}}}`
const asPod = ({ uid, namespace, name }: PodFacts) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { uid, namespace, name },
  spec
})
const pod = (name: string) => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: ${JSON.stringify(spec)}}`

t.test('objects of the kinds asked for, from lists and documents, and no others', async (t) => {
  const texts = {
    'pods.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }]
    }),
    'more.yaml': `${pod('b')}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n---\n{apiVersion: x.io/v1, kind: Pod, metadata: {name: d}}`
  }
  const { objects, failures } = await read(texts, [podKind])
  t.strictSame(
    objects.map(({ metadata }) => (metadata as JsonRecord)['name']),
    ['a', 'b']
  )
  t.strictSame(failures, [])
})

t.test('old versions are of their kind too', async (t) => {
  const texts = { 'a.yaml': `{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: a}, ${ofTemplate}}` }
  t.equal((await read(texts, controllerKinds)).objects.length, 1)
})

t.test('what cannot be read is told, with its place, and hides nothing', async (t) => {
  const { objects, failures } = await read({ 'a.yaml': `kind: [Pod\n---\n${pod('b')}` }, [podKind], undefined, [
    'a.yaml',
    'gone.yaml'
  ])
  t.equal(objects.length, 1)
  t.match(failures, [
    { part: /^a\.yaml:\d+:\d+$/, reason: 'unreadable' },
    { part: 'gone.yaml', reason: 'unreadable', detail: 'no such file or folder' }
  ])
})

t.test('a snapshot speaks of nodes and pods where files do not', async (t) => {
  const { objects } = await read({}, factKinds, snapshot)
  t.strictSame(objects.filter(({ kind }) => kind === 'Node').map(nodeFactsOf), [
    { ...snapshot.nodes[0], address: undefined, kubeletPort: 10_250 }
  ])
  const { objects: pods, failures } = await read({}, [podKind], snapshot)
  t.strictSame(pods.map(buildPodProjection()), [...snapshot.pods])
  t.match(failures, [{ part: 'objects', reason: 'not-in-snapshot' }], 'and it says what it does not know')
  t.strictSame(await read({}, controllerKinds, snapshot), { objects: [], failures: [], notes: [] })
})

t.test('its namespaces and limits too, and what pods were counted with', async (t) => {
  const rich: ClusterSnapshot = {
    ...snapshot,
    namespaces: [{ name: 'shop', labels: { team: 'a' }, annotations: {} }],
    limitRanges: new Map([['shop', [{ type: 'Container', default: { cpu: '1' } }]]]),
    nodes: [{ ...(snapshot.nodes[0] as ClusterSnapshot['nodes'][number]), pidPressure: undefined }],
    pods: [
      {
        ...(snapshot.pods[0] as ClusterSnapshot['pods'][number]),
        declared: 7,
        estimated: 9,
        workload: { kind: 'Pod', name: 'x' }
      }
    ]
  }
  const { objects } = await read({}, factKinds, rich)
  t.match(objects, [
    { kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } },
    { kind: 'LimitRange', metadata: { namespace: 'shop' }, spec: { limits: [{ type: 'Container' }] } },
    { kind: 'Node', status: { conditions: [] } }
  ])
  const { objects: pods } = await read({}, [podKind], rich)
  t.match(pods.map(buildPodProjection()), [{ declared: 7, estimated: 9, workload: { kind: 'Pod' } }])
})

t.test('a snapshot adds what files lack, by uid where both have one, else by name', async (t) => {
  const [first, ...others] = snapshot.pods as [PodFacts, ...PodFacts[]]
  const metadata = ({ namespace, name }: PodFacts, uid?: string) => JSON.stringify({ namespace, name, uid })
  const podAt = (text: string) => ({
    'a.yaml': `{apiVersion: v1, kind: Pod, metadata: ${text}, spec: ${JSON.stringify(spec)}}`
  })
  const count = async (text: string) => (await read(podAt(text), [podKind], snapshot)).objects.length
  t.ok(others.length > 0)
  t.equal(await count('{name: unrelated}'), 1 + snapshot.pods.length, 'one pod in a file hides none of the snapshot')
  t.equal(await count(metadata(first, first.uid)), snapshot.pods.length)
  t.equal(await count(metadata({ ...first, name: 'renamed' }, first.uid)), snapshot.pods.length)
  t.equal(await count(metadata(first)), snapshot.pods.length, 'a manifest has no uid')
  t.equal(await count(metadata(first, 'another')), 1 + snapshot.pods.length, 'replaced since')
  const { failures, notes } = await read(podAt('{name: unrelated}'), [podKind], snapshot)
  t.match(failures, [{ reason: 'not-in-snapshot' }], 'and says what it does not know of those')
  t.strictSame(notes, [], 'what both have is no repeat')
  const all = { 'all.json': JSON.stringify({ kind: 'List', apiVersion: 'v1', items: snapshot.pods.map(asPod) }) }
  t.strictSame((await read(all, [podKind], snapshot)).failures, [], 'files that have every pod lack nothing')
  t.match((await read({}, [podKind], { ...snapshot, pods: [] })).failures, [{ reason: 'not-in-snapshot' }])
})

t.test('a static pod has another uid in the API than on its node, and is one pod all the same', async (t) => {
  const [first] = snapshot.pods as [PodFacts]
  const annotations = { 'kubernetes.io/config.mirror': 'hash' }
  const text = JSON.stringify({ ...asPod(first), metadata: { ...asPod(first).metadata, uid: 'mirror', annotations } })
  t.equal((await read({ 'a.json': text }, [podKind], snapshot)).objects.length, snapshot.pods.length)
})

t.test('nodes are known by name, and limits by namespace', async (t) => {
  const limit = { type: 'Container', default: { cpu: '1' } }
  const rich: ClusterSnapshot = {
    ...snapshot,
    limitRanges: new Map([
      ['shop', [limit]],
      ['bank', [limit]]
    ])
  }
  const node = snapshot.nodes[0]?.name ?? ''
  const texts = {
    'a.yaml': `{apiVersion: v1, kind: Node, metadata: {name: ${node}, uid: other}}`,
    'b.yaml': '{apiVersion: v1, kind: LimitRange, metadata: {name: own, namespace: shop}, spec: {limits: []}}'
  }
  const { objects } = await read(texts, factKinds, rich)
  t.strictSame(
    names(objects.filter(({ kind }) => kind !== 'Namespace')),
    ['LimitRange own', 'LimitRange snapshot', ...snapshot.nodes.map(({ name }) => `Node ${name}`)].sort()
  )
})

t.test('an object that stands in two files is taken once, as it stands first, and that is told', async (t) => {
  const texts = {
    'a.yaml': `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {from: a}}, ${ofTemplate}}`,
    'b.yaml': [
      'apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: web, namespace: default, labels: {from: b}}',
      'apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}',
      'apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}',
      'apiVersion: batch/v1, kind: Job, metadata: {generateName: run-}',
      'apiVersion: batch/v1, kind: Job, metadata: {generateName: run-}'
    ]
      .map((object) => `{${object}, ${ofTemplate}}`)
      .join('\n---\n')
  }
  const { objects, notes } = await read(texts, controllerKinds)
  t.match(objects[0], { metadata: { labels: { from: 'a' } } })
  t.equal(objects.length, 5)
  t.match(notes, [/^1 repeat of objects left out, the first of Deployment default\/web: /])
  const twice = await read({ 'a.yaml': texts['a.yaml'], 'b.yaml': texts['a.yaml'], 'c.yaml': texts['a.yaml'] }, [
    ...controllerKinds
  ])
  t.match(twice.notes, [/^2 repeats of objects left out, the first of Deployment web: /])
})

t.test(
  'what the API server would refuse is reported at its place, as validate does, and counts as nothing',
  async (t) => {
    const texts = {
      'a.yaml': [
        'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: null\n',
        'apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: []}\n',
        'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: c, namespace: shop}\nspec:\n  template:\n    spec: null\n',
        'apiVersion: v1\nkind: Pod\nmetadata: {name: d}\nspec:\n  containers:\n  - name: app\n    resources: {requests: {memory: 512MB}}\n',
        'apiVersion: v1\nkind: ReplicationController\nmetadata: {name: e}\nspec: {replicas: 0}\n',
        'apiVersion: v1\nkind: Pod\nmetadata: {name: f}\nspec: 7\n'
      ].join('---\n')
    }
    const { objects, failures } = await read(texts, [podKind, ...controllerKinds])
    t.strictSame(
      failures.map(({ part, reason, detail }) => [part, reason, detail]),
      [
        ['a.yaml:1:1', 'unreadable', 'Pod a: /: expected spec, which is missing'],
        ['a.yaml:9:8', 'unreadable', 'Pod b: /spec/containers: expected at least one container, found an empty list'],
        ['a.yaml:15:3', 'unreadable', 'Deployment shop/c: /spec/template: expected spec, which is missing'],
        [
          'a.yaml:24:28',
          'unreadable',
          'Pod d: /spec/containers/0/resources/requests/memory: expected a quantity such as 64Mi, found "512MB"; is 512M meant?'
        ]
      ]
    )
    t.strictSame(names(objects), ['Pod f', 'ReplicationController e'], 'the audit itself says what is wrong with f')
  }
)
