import { json } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { type AdmissionProbe, probeAdmission } from '../../src/doctor/admission-probe.ts'
import type { Credentials } from '../../src/kube/credentials.ts'
import { isRecord, type JsonRecord } from '../../src/lib/json/shape.ts'
import { sendJson, startFakeApi } from '../support/fake-api.ts'
import { fakeClock } from '../support/fakes.ts'

interface Said {
  readonly status: number
  readonly body: unknown
  readonly warnings?: readonly string[]
}

/** What is told of an API server that answers so for every pod; and the pods that it was asked for. */
async function probing(
  t: Test,
  say: (pod: JsonRecord) => Said
): Promise<{ probe: AdmissionProbe; pods: JsonRecord[] }> {
  const pods: JsonRecord[] = []
  const api = await startFakeApi((request, response) => {
    void json(request).then((pod) => {
      pods.push(pod as JsonRecord)
      const { status, body, warnings = [] } = say(pod as JsonRecord)
      if (warnings.length > 0)
        response.setHeader(
          'warning',
          warnings.map((text) => `299 - ${JSON.stringify(text)}`)
        )
      if (typeof body === 'string') response.writeHead(status).end(body)
      else sendJson(response, body, status)
    })
  })
  t.teardown(() => api.stop())
  const tls = { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
  const credentials: Credentials = {
    server: api.url,
    namespace: undefined,
    next: async () => ({ headers: {}, tls }),
    renew() {}
  }
  const probe = await probeAdmission(credentials, 'shop', () => fakeClock().monotonic())
  t.strictSame(new Set(api.asked), new Set(['POST /api/v1/namespaces/shop/pods?dryRun=All']), 'nothing is stored')
  return { probe, pods }
}

function refusing(message: string, status = 403): () => Said {
  return () => ({ status, body: { kind: 'Status', message } })
}

function annotated(pod: JsonRecord): JsonRecord {
  const metadata = isRecord(pod['metadata']) ? pod['metadata'] : {}
  const held = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  return { ...pod, metadata: { ...metadata, annotations: { ...held, 'pidguard.io/pids-estimate': '50' } } }
}

void t.test('both pods are what Pod Security asks for at its strictest; only one asks for anything', async (t) => {
  const { pods } = await probing(t, (pod) => ({ status: 201, body: pod }))
  for (const { spec } of pods as { spec: unknown }[]) {
    // kubernetes.io/docs/concepts/security/pod-security-standards: Restricted.
    t.match(spec, {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }]
    })
  }
  const resources = (pods as { spec: { containers: { resources: object }[] } }[]).map(
    ({ spec }) => spec.containers[0]?.resources
  )
  t.same(
    resources.toSorted((a, b) => JSON.stringify(a).length - JSON.stringify(b).length),
    [{}, { requests: { cpu: '10m', memory: '32Mi' } }]
  )
})

void t.test('a pod that comes back as it was sent shows nothing of pidguard', async (t) => {
  const { probe } = await probing(t, (pod) => ({ status: 201, body: pod }))
  for (const answer of [probe.validate, probe.mutate]) {
    t.match(answer, { mutated: false, validated: false, refusal: undefined, pod: { kind: 'Pod' } })
  }
})

void t.test('its annotation, its refusal and its warning are seen', async (t) => {
  const { probe } = await probing(t, (pod) => ({ status: 201, body: annotated(pod) }))
  t.equal(probe.mutate.mutated, true)
  const denied = 'admission webhook "validate.pidguard.io" denied the request: Pod shop/pidguard-doctor: best-effort: …'
  const refused = await probing(t, refusing(denied))
  t.match(refused.probe.validate, { validated: true, refusal: undefined, pod: undefined })
  const warnings = ['best-effort: QoS class BestEffort (no cpu or memory request)', 'Set resources.']
  const warned = await probing(t, (pod) => ({ status: 201, body: pod, warnings }))
  t.match(warned.probe.validate, { validated: true, refusal: undefined, pod: { kind: 'Pod' } })
})

const refusals: { name: string; say: () => Said; want: { cause: string; by: string } }[] = [
  {
    name: 'Pod Security',
    say: refusing('pods "pidguard-doctor" is forbidden: violates PodSecurity "restricted:latest": seccompProfile'),
    want: { cause: 'others', by: 'the API server' }
  },
  {
    name: 'a policy engine',
    say: refusing('admission webhook "validation.gatekeeper.sh" denied the request: [repos] no such registry'),
    want: { cause: 'others', by: 'validation.gatekeeper.sh' }
  },
  {
    name: 'a webhook that only ends like ours',
    say: refusing('admission webhook "validate.notpidguard.io" denied the request: no', 400),
    want: { cause: 'others', by: 'validate.notpidguard.io' }
  },
  {
    name: 'another webhook that cannot be called',
    say: refusing(
      'Internal error occurred: failed calling webhook "mutate.kyverno.svc-fail": Post "https://…": EOF',
      500
    ),
    want: { cause: 'others', by: 'mutate.kyverno.svc-fail' }
  },
  {
    name: 'a webhook of ours that cannot be called',
    say: refusing(
      'Internal error occurred: failed calling webhook "validate.pidguard.io": failed to call webhook',
      500
    ),
    want: { cause: 'unreached', by: 'validate.pidguard.io' }
  },
  {
    name: 'RBAC',
    say: refusing('pods is forbidden: User "ci" cannot create resource "pods" in API group "" in the namespace "shop"'),
    want: { cause: 'forbidden', by: 'the API server' }
  },
  {
    name: 'a namespace that is not there',
    say: refusing('namespaces "shop" not found', 404),
    want: { cause: 'others', by: 'the API server' }
  },
  {
    name: 'a proxy in between',
    say: () => ({ status: 502, body: '<html>bad gateway</html>' }),
    want: { cause: 'others', by: 'the API server' }
  },
  {
    name: 'a proxy that says yes to everything',
    say: () => ({ status: 200, body: '<html>log in</html>' }),
    want: { cause: 'others', by: 'the API server' }
  }
]
for (const { name, say, want } of refusals) {
  void t.test(`refused by ${name}: ${want.cause}`, async (t) => {
    const { probe } = await probing(t, say)
    t.match(probe.validate, { pod: undefined, validated: false, refusal: { ...want, message: /./ } })
    t.strictSame(probe.validate, probe.mutate)
  })
}

void t.test('an API server that does not answer is told as such', async (t) => {
  const api = await startFakeApi((request) => void request.destroy())
  t.teardown(() => api.stop())
  const tls = { ca: undefined, cert: undefined, key: undefined, rejectUnauthorized: true, servername: undefined }
  const credentials = { server: api.url, namespace: undefined, next: async () => ({ headers: {}, tls }), renew() {} }
  const failed = await probeAdmission(credentials, 'shop', () => 0).catch((error: unknown) => error)
  t.match(failed, { failure: 'unreachable' })
})
