// What real manifests become with pidguard, against what the same API server makes of them without it.
import { join } from 'node:path'
import t from 'tap'
import type { ApiAnswer } from './support/api-client.ts'
import { comparable } from './support/comparable.ts'
import { startControlPlane } from './support/control-plane.ts'
import { corpusFolder } from './support/corpus.ts'
import type { StoredPod } from './support/objects.ts'
import { anyPod, namespaces, policy, type Write, writesIn } from './support/real-workloads.ts'
import { newestServed } from './support/served.ts'
import { startWebhook } from './support/webhook.ts'

const corpus = corpusFolder()
const options = { skip: corpus === undefined && 'PIDGUARD_CORPUS is not there' }

/** One write that is tried, as a dry run, with and without pidguard. */
interface Attempt extends Write {
  readonly before: Readonly<Record<Namespace, ApiAnswer>>
}

type Namespace = (typeof namespaces)[number]

const plane = await startControlPlane()
t.teardown(() => plane.stop())
for (const namespace of namespaces) await plane.createNamespace(namespace, anyPod)

function tryOut({ resource, manifest }: Write, namespace: Namespace): Promise<ApiAnswer> {
  const group = manifest.apiVersion.includes('/') ? 'apis' : 'api'
  const path = `/${group}/${manifest.apiVersion}/namespaces/${namespace}/${resource}?dryRun=All`
  return plane.api.post(path, { ...manifest, metadata: { ...manifest.metadata, namespace } })
}

const cronJobs = await newestServed(plane.api, 'batch', 'cronjobs')
const attempts: Attempt[] = []
for (const write of corpus === undefined ? [] : writesIn(join(corpus, 'workloads'), cronJobs)) {
  const before = { filling: await tryOut(write, 'filling'), refusing: await tryOut(write, 'refusing') }
  if (before.filling.status === 201 && before.refusing.status === 201) attempts.push({ ...write, before })
  else t.comment(`left out, this API server refuses it anyway: ${write.name}: ${before.filling.body.message}`)
}

const webhook = await startWebhook(plane, { policy })
t.teardown(() => webhook.stop())
await webhook.register()

const pods = attempts.filter(({ resource }) => resource === 'pods')
const workloads = attempts.filter(({ resource }) => resource !== 'pods')

void t.test('a real workload is stored as it would be without pidguard', options, async (t) => {
  for (const workload of workloads) {
    for (const namespace of namespaces) {
      const after = await tryOut(workload, namespace)
      t.strictSame(comparable(after), comparable(workload.before[namespace]), `${workload.name}, ${namespace}`)
    }
  }
  t.ok(workloads.length > 60, `${workloads.length} workloads`)
})

void t.test(
  'a real pod is admitted where the policy injects, has requests, and is else as it would be without',
  options,
  async (t) => {
    for (const pod of pods) {
      const { name, before } = pod
      const after = await tryOut(pod, 'filling')
      t.equal(after.status, 201, `${name}: ${after.body.message ?? 'admitted'}`)
      if (after.status !== 201) continue
      const old = before.filling.body as StoredPod
      const stored = after.body as StoredPod
      t.not(stored.status.qosClass, 'BestEffort', name)
      if (old.status.qosClass !== 'BestEffort') t.equal(stored.status.qosClass, old.status.qosClass, name)
      t.match(stored.metadata.annotations?.['pidguard.io/pids-estimate'], /^\d+$/, name)
      t.strictSame(withoutOurs(after), withoutOurs(before.filling), name)
    }
    t.ok(pods.length > 60, `${pods.length} pods`)
  }
)

void t.test(
  'where the policy rejects, a real pod is refused when it is a BestEffort pod, and only then',
  options,
  async (t) => {
    for (const pod of pods) {
      const { name, before } = pod
      const { qosClass } = (before.refusing.body as StoredPod).status
      const { status, body } = await tryOut(pod, 'refusing')
      t.equal(status, qosClass === 'BestEffort' ? 403 : 201, `${name}: ${body.message ?? 'admitted'}`)
      if (status !== 201) t.match(body.message, 'best-effort', name)
    }
  }
)

/** The pod without annotations, resources and what follows from them. */
function withoutOurs(answer: ApiAnswer): object {
  return JSON.parse(JSON.stringify(comparable(answer)), (key, value) => {
    return ['annotations', 'resources', 'qosClass'].includes(key) ? undefined : value
  })
}

void t.test('no call of a webhook failed', async (t) => {
  t.notMatch(plane.log('kube-apiserver'), /failed calling webhook/i)
})
