import t from 'tap'
import { type OwnRightsProbe, ownRightsChecks, probeOwnRights } from '../../src/doctor/own-rights-checks.ts'
import { type Answer, sendJson, sendStatus, startFakeApi } from '../support/fake-api.ts'

const account = 'system:serviceaccount:pidguard-system:pidguard-controller'
const byPolicy = `ValidatingAdmissionPolicy 'own-webhooks.pidguard.io' with binding 'own-webhooks.pidguard.io' denied request: pidguard may change caBundle`
const byRbac = `validatingwebhookconfigurations.admissionregistration.k8s.io "pidguard" is forbidden: User "${account}" cannot patch resource "validatingwebhookconfigurations"`
const byImpersonation =
  'serviceaccounts "pidguard-controller" is forbidden: User "a" cannot impersonate resource "serviceaccounts"'

/** An API server with that policy, that answers the change so. */
function answers(policy: number, status: number, message = ''): Answer {
  return (request, response) => {
    if (request.method === 'GET') return policy === 200 ? sendJson(response, {}) : sendStatus(response, policy)
    if (status === 200) sendJson(response, {})
    else sendJson(response, { kind: 'Status', status: 'Failure', code: status, message }, status)
  }
}

const probes: readonly (readonly [name: string, answer: Answer, want: OwnRightsProbe])[] = [
  ['in force', answers(200, 403, byPolicy), { policy: 'there', change: 'refused' }],
  ['a binding that is gone', answers(200, 200), { policy: 'there', change: 'stored' }],
  ['no component', answers(404, 200), { policy: 'absent', change: 'stored' }],
  ['an account without the right', answers(404, 403, byRbac), { policy: 'absent', change: 'no-right' }],
  ['a user who may not impersonate', answers(200, 403, byImpersonation), { policy: 'there', change: 'unasked' }],
  ['one who may read nothing either', answers(403, 403, byImpersonation), { policy: 'hidden', change: 'unasked' }],
  ['no configuration', answers(404, 404), { policy: 'absent', change: 'unasked' }],
  ['another policy', answers(200, 422, 'another says no'), { policy: 'there', change: 'others' }]
]
for (const [name, answer, want] of probes) {
  void t.test(`tried: ${name}`, async (t) => {
    let asUser: unknown
    const api = await startFakeApi((request, response, query) => {
      if (request.method === 'PATCH') asUser = request.headers['impersonate-user']
      answer(request, response, query)
    })
    t.teardown(() => api.stop())
    t.strictSame(await probeOwnRights(api.client, 'pidguard-system'), want)
    t.equal(asUser, account)
    t.ok(
      api.asked.includes(
        'PATCH /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pidguard?dryRun=All'
      )
    )
  })
}

const checks: readonly (readonly [probe: OwnRightsProbe, version: string, want: readonly string[]])[] = [
  [{ policy: 'there', change: 'refused' }, 'v1.37.2', ['ok']],
  [{ policy: 'there', change: 'stored' }, 'v1.37.2', ['error']],
  [{ policy: 'hidden', change: 'stored' }, 'v1.37.2', ['error']],
  [{ policy: 'absent', change: 'stored' }, 'v1.30.0', ['info']],
  [{ policy: 'absent', change: 'stored' }, 'v1.29.9', []],
  [{ policy: 'absent', change: 'no-right' }, 'v1.37.2', ['ok']],
  [{ policy: 'there', change: 'unasked' }, 'v1.37.2', ['warn']],
  [{ policy: 'hidden', change: 'unasked' }, 'v1.37.2', ['info']],
  [{ policy: 'absent', change: 'unasked' }, 'v1.37.2', ['info']],
  [{ policy: 'there', change: 'others' }, 'v1.37.2', ['warn']]
]
for (const [ownRights, serverVersion, want] of checks) {
  void t.test(`said of ${ownRights.policy}, ${ownRights.change}, ${serverVersion}`, async (t) => {
    const found = ownRightsChecks({ ownRights, serverVersion, namespace: 'pidguard-system' })
    t.strictSame(
      found.map(({ level }) => level),
      want
    )
    for (const { level, remedy } of found) t.equal(remedy === undefined, level === 'ok')
  })
}

void t.test('not tried, nothing is said', async (t) => {
  t.strictSame(ownRightsChecks({ ownRights: undefined, serverVersion: 'v1.37.2', namespace: 'x' }), [])
})
