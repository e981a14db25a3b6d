import t from 'tap'
import { readReview, renderReview, uidAtHead, uidOf } from '../../src/kubernetes/admission-review.ts'
import { reviewOf } from '../support/reviews.ts'

void t.test('a review of the API server is read whole', async (t) => {
  const review = reviewOf(
    { apiVersion: 'v1', kind: 'Pod' },
    {
      operation: 'UPDATE',
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: 'resize',
      dryRun: true
    }
  )
  t.strictSame(readReview(review), {
    uid: 'u-1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: 'pods',
    subResource: 'resize',
    operation: 'UPDATE',
    namespace: 'default',
    name: 'web',
    userName: 'jane',
    dryRun: true,
    object: { apiVersion: 'v1', kind: 'Pod' },
    oldObject: undefined
  })
})

void t.test('fields that Go leaves out when empty are empty', async (t) => {
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', kind: {}, operation: 'CREATE' }
  }
  t.strictSame(readReview(review), {
    uid: 'u',
    kind: { group: '', version: '', kind: '' },
    resource: '',
    subResource: '',
    operation: 'CREATE',
    namespace: '',
    name: '',
    userName: undefined,
    dryRun: false,
    object: undefined,
    oldObject: undefined
  })
  for (const userInfo of [null, [], {}, { username: 1 }, 'jane'])
    t.equal(readReview({ ...review, request: { ...review.request, userInfo } }).userName, undefined)
})

const whole = reviewOf({ apiVersion: 'v1', kind: 'Pod' })
const request = whole['request'] as object
const wrong: { name: string; body: unknown; message: RegExp }[] = [
  { name: 'null', body: null, message: /^body: expected an AdmissionReview, found null$/ },
  { name: 'a list', body: [], message: /^body: .* found a list$/ },
  { name: 'a string', body: 'x', message: /^body: .* found a string$/ },
  { name: 'another kind', body: { ...whole, kind: 'Pod' }, message: /^kind: expected AdmissionReview, found "Pod"$/ },
  { name: 'no kind', body: { request }, message: /^kind: .* found nothing$/ },
  {
    name: 'v1beta1',
    body: { ...whole, apiVersion: 'admission.k8s.io/v1beta1' },
    message: /^apiVersion: expected admission\.k8s\.io\/v1, found "admission\.k8s\.io\/v1beta1"$/
  },
  { name: 'a very long kind', body: { ...whole, kind: 'x'.repeat(65) }, message: /^kind: .* found a string$/ },
  { name: 'no request', body: { ...whole, request: null }, message: /^request: expected an object, found null$/ },
  {
    name: 'no uid',
    body: { ...whole, request: { ...request, uid: undefined } },
    message: /^request\.uid: .* found nothing$/
  },
  {
    name: 'an empty uid',
    body: { ...whole, request: { ...request, uid: '' } },
    message: /^request\.uid: .* found a string$/
  },
  {
    name: 'a kind that is a string',
    body: { ...whole, request: { ...request, kind: 'Pod' } },
    message: /^request\.kind: /
  },
  {
    name: 'a group that is a number',
    body: { ...whole, request: { ...request, kind: { group: 1 } } },
    message: /^request\.kind\.group: expected a string, found a number$/
  },
  {
    name: 'a resource that is a string',
    body: { ...whole, request: { ...request, resource: 'pods' } },
    message: /^request\.resource: expected an object or null, found a string$/
  },
  {
    name: 'a resource by a number',
    body: { ...whole, request: { ...request, resource: { resource: 1 } } },
    message: /^request\.resource\.resource: expected a string, found a number$/
  },
  {
    name: 'an unknown operation',
    body: { ...whole, request: { ...request, operation: 'PATCH' } },
    message: /^request\.operation: expected CREATE, UPDATE, DELETE, CONNECT, found "PATCH"$/
  },
  {
    name: 'a namespace that is an object',
    body: { ...whole, request: { ...request, namespace: {} } },
    message: /^request\.namespace: expected a string, found an object$/
  },
  {
    name: 'an object that is a list',
    body: { ...whole, request: { ...request, object: [] } },
    message: /^request\.object: expected an object or null, found a list$/
  },
  {
    name: 'an old object that is text',
    body: { ...whole, request: { ...request, oldObject: 'x' } },
    message: /^request\.oldObject: /
  }
]
for (const { name, body, message } of wrong) {
  void t.test(`refused: ${name}`, async (t) => {
    t.throws(() => readReview(body), { code: 'ERR_REVIEW_MALFORMED', message })
  })
}

void t.test('a uid is read from whatever was sent, up to 128 characters', async (t) => {
  t.equal(uidOf({ request: { uid: 'u' } }), 'u')
  t.equal(uidOf({ request: { uid: 'u'.repeat(128) } }), 'u'.repeat(128))
  for (const body of [
    null,
    [],
    {},
    { request: null },
    { request: {} },
    { request: { uid: 1 } },
    { request: { uid: '' } }
  ])
    t.equal(uidOf(body), undefined)
  t.equal(uidOf({ request: { uid: 'u'.repeat(129) } }), undefined)
})

void t.test('the answer repeats uid, kind and version', async (t) => {
  t.strictSame(JSON.parse(renderReview({ uid: 'a"b', allowed: true })), {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    response: { uid: 'a"b', allowed: true }
  })
})

void t.test('the uid of a body that is not parsed is that of the head which the API server writes', async (t) => {
  const head = '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":'
  t.equal(
    uidAtHead(Buffer.from(`${head}"705ab4f5-6393-11e8-b7cc-42010a800002","kind":{`)),
    '705ab4f5-6393-11e8-b7cc-42010a800002'
  )
  for (const body of [
    '',
    `${head}""`,
    `${head}"${'u'.repeat(129)}"`,
    `${head}"a b"`,
    '{"a":{"request":{"uid":"x"}}}',
    '{"request":{"kind":{},"uid":"x"}}'
  ])
    t.equal(uidAtHead(Buffer.from(body)), undefined, body)
})
