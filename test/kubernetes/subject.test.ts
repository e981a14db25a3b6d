import t from 'tap'
import type { ReviewRequest } from '../../src/kubernetes/admission-review.ts'
import { isPodSubject, oldSubjectOf, subjectOfObject, subjectOfRequest } from '../../src/kubernetes/subject.ts'
import { podKinds } from '../../src/kubernetes/workloads.ts'
import { podObject, podSubject, subjectFrom, workloadObject } from '../support/subjects.ts'

void t.test('each workload kind shows its pod where it keeps it', async (t) => {
  for (const groupKind of podKinds) {
    const [group, kind] = groupKind.split('/') as [string, string]
    const apiVersion = group === '' ? 'v1' : `${group}/v1`
    const object =
      kind === 'Pod'
        ? podObject({}, { labels: { app: 'web' } })
        : workloadObject(`${apiVersion}/${kind}`, {}, { labels: { app: 'web' } })
    const subject = subjectFrom(object)
    t.ok(isPodSubject(subject), groupKind)
    if (!isPodSubject(subject)) continue
    t.equal(subject.groupKind, groupKind)
    t.equal(subject.podMetadata.labels?.['app'], 'web')
    t.equal(subject.podSpec.containers?.[0]?.name, 'app')
    t.ok(subject.podSpecAt.endsWith('/spec') && subject.podMetadataAt.endsWith('/metadata'))
  }
})

void t.test('a kind that holds no pod is a subject all the same', async (t) => {
  for (const kind of ['ConfigMap', 'constructor', '__proto__', 'toString']) {
    const subject = subjectFrom({ apiVersion: 'v1', kind, metadata: { name: 'a' }, spec: 'anything' })
    t.notOk(isPodSubject(subject), kind)
    t.equal(subject.name, 'a')
  }
})

void t.test('a template that is absent or null holds no containers', async (t) => {
  for (const spec of [undefined, null, {}, { template: null }, { template: {} }, { template: { spec: null } }]) {
    const subject = subjectFrom({ apiVersion: 'v1', kind: 'ReplicationController', metadata: null, spec })
    t.ok(isPodSubject(subject))
    if (isPodSubject(subject)) t.strictSame([subject.podSpec, subject.podMetadata], [spec?.template?.spec ?? {}, {}])
  }
})

const request: ReviewRequest = {
  uid: 'u-1',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: 'pods',
  subResource: '',
  operation: 'CREATE',
  namespace: 'team-a',
  name: '',
  userName: 'jane',
  dryRun: true,
  object: podObject(),
  oldObject: undefined
}

void t.test('a request shows who asks, where and for what', async (t) => {
  const subject = subjectOfRequest(request)
  t.match(subject, { namespace: 'team-a', name: 'web', userName: 'jane', dryRun: true, operation: 'CREATE' })
  t.equal(subject.resource, 'pods')
  t.equal(subjectOfRequest({ ...request, name: 'asked' }).name, 'asked')
  t.equal(subjectOfRequest({ ...request, object: podObject({}, { name: null, generateName: 'web-' }) }).name, 'web-*')
})

void t.test('the kind is the one the webhook asked for, whatever the object says of itself', async (t) => {
  const subject = subjectOfRequest({
    ...request,
    object: { ...podObject(), apiVersion: 'apps/v1', kind: 'Deployment' }
  })
  t.equal(subject.groupKind, '/Pod')
})

void t.test('a creation without an object is refused', async (t) => {
  t.throws(() => subjectOfRequest({ ...request, object: undefined }), {
    code: 'ERR_REVIEW_MALFORMED',
    message: /request\.object: expected the object of this CREATE, found null/
  })
})

void t.test(
  'an object from a file is judged as if it were created now, in its namespace or the given one',
  async (t) => {
    t.match(subjectOfObject(podObject({}, { namespace: 'own' }), 'given'), {
      operation: 'CREATE',
      resource: '',
      namespace: 'own',
      userName: undefined,
      dryRun: true
    })
    for (const namespace of [undefined, null, '', 1]) {
      t.equal(subjectOfObject(podObject({}, { namespace }), 'given').namespace, 'given')
    }
    t.equal(subjectOfObject(podObject({}, { namespace: undefined })).namespace, 'default')
    for (const group of ['crd.projectcalico.org/v1', 'projectcalico.org/v3']) {
      const felix = { apiVersion: group, kind: 'FelixConfiguration', metadata: { name: 'default' } }
      t.equal(subjectOfObject(felix, 'given').namespace, '', 'of a kind that is in no namespace')
    }
    t.throws(() => subjectOfObject({ kind: 'Pod' }), { code: 'ERR_OBJECT_MALFORMED', message: /^\/apiVersion: / })
    t.throws(() => subjectOfObject({ apiVersion: 'v1', kind: '' }), { message: /^\/kind: / })
  }
)

void t.test('the stored object is read like the new one; one that is malformed is not compared with', async (t) => {
  const old = podObject({ containers: [{ name: 'before' }] })
  const subject = podSubject({}, {}, { operation: 'UPDATE', oldObject: old })
  const before = oldSubjectOf(subject)
  t.ok(before !== undefined && isPodSubject(before) && before.podSpec.containers?.[0]?.name === 'before')
  t.equal(oldSubjectOf(podSubject()), undefined)
  const broken = podSubject({}, {}, { operation: 'UPDATE', oldObject: podObject({ containers: 'x' }) })
  t.equal(oldSubjectOf(broken), undefined)
})
