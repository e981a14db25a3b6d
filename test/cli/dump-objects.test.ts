import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { controllerKinds, factKinds, podKind } from '../../src/audit/kinds.ts'
import { DumpObjects } from '../../src/cli/dump-objects.ts'
import { nodeFactsOf } from '../../src/kube/kinds.ts'
import { buildPodProjection } from '../../src/kube/pod-kind.ts'
import type { JsonRecord } from '../../src/model/shape.ts'
import type { ListedKind, ListFailure } from '../../src/ports.ts'
import type { ClusterSnapshot } from '../../src/sources/snapshot.ts'
import { readSnapshot } from '../../src/sources/snapshot-file.ts'
import { memoryInputs } from '../support/files.ts'

const file = join(import.meta.dirname, '../fixtures/snapshots/kubepods-full.yaml')
const snapshot = readSnapshot('snapshot.yaml', readFileSync(file, 'utf8'))

async function read(
  texts: Readonly<Record<string, string>>,
  kinds: readonly ListedKind[],
  given?: ClusterSnapshot,
  paths: readonly string[] = Object.keys(texts)
): Promise<{ objects: JsonRecord[]; failures: readonly ListFailure[] }> {
  const objects: JsonRecord[] = []
  const dump = new DumpObjects(paths, memoryInputs(texts), given)
  const failures = await dump.each(kinds, (object) => void objects.push(object))
  return { objects, failures }
}

const pod = (name: string) => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}}}`

t.test('objects of the kinds asked for, from lists and documents, and no others', async (t) => {
  const texts = {
    'pods.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }]
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
  const texts = { 'a.yaml': '{apiVersion: extensions/v1beta1, kind: Deployment, metadata: {name: a}}' }
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
  t.strictSame(await read({}, controllerKinds, snapshot), { objects: [], failures: [] })
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
        cgroup: 'file',
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
  t.match(pods.map(buildPodProjection()), [{ cgroup: 'file', declared: 7, estimated: 9, workload: { kind: 'Pod' } }])
})

t.test('a snapshot adds what no file has, and what a file has too stands as it is there', async (t) => {
  const [held] = snapshot.pods
  if (held === undefined) return t.fail()
  const more = {
    a: pod('a'),
    same: `{apiVersion: v1, kind: Pod, metadata: {name: ${held.name}, namespace: ${held.namespace}, labels: {of: file}}}`
  }
  const { objects, failures } = await read({ 'a.yaml': `${more.a}\n---\n${more.same}` }, [podKind], snapshot)
  t.equal(objects.length, snapshot.pods.length + 1)
  t.match(objects[1], { metadata: { name: held.name, labels: { of: 'file' } } })
  t.match(failures, [{ reason: 'not-in-snapshot' }], 'of the others it does not know the containers')
  const all = snapshot.pods.map(
    ({ name, namespace }) => `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, namespace: ${namespace}}}`
  )
  t.strictSame((await read({ 'a.yaml': all.join('\n---\n') }, [podKind], snapshot)).failures, [])
})

t.test('an object that stands in two places counts once, where it stands first', async (t) => {
  const texts = {
    'a.yaml': `${pod('a')}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}}`,
    'b.yaml':
      '{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {second: "yes"}}}\n---\n{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}\n---\n{apiVersion: v1, kind: Pod, metadata: {generateName: x-}}'
  }
  const dump = new DumpObjects(Object.keys(texts), memoryInputs(texts), undefined)
  const names: unknown[] = []
  await dump.each([podKind], ({ metadata }) => void names.push(metadata))
  t.strictSame(names, [{ name: 'a' }, { name: 'a', namespace: 'shop' }, { generateName: 'x-' }, { generateName: 'x-' }])
  t.equal(dump.repeated, 1)
})
