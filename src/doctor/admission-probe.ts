import { Agent, request } from 'undici'
import type { Credentials } from '../kube/credentials.ts'
import { KubeError } from '../kube/kube-error.ts'
import { declaredPids, pidsEstimate } from '../kubernetes/annotations.ts'
import { isRecord, type JsonRecord, textOf } from '../lib/json/shape.ts'
import type { Millis } from '../lib/units.ts'
import { withoutUndefined } from '../lib/without-undefined.ts'

/** Longer than two webhooks that do not answer within their three seconds. */
const patience: Millis = 15_000

/** What the API server makes of two pods: one shows whether it asks pidguard to validate, the other to mutate. */
export interface AdmissionProbe {
  readonly validate: ProbeAnswer
  readonly mutate: ProbeAnswer
}

/** What the API server made of one pod. */
export interface ProbeAnswer {
  /** As it would be stored; undefined: it was refused. */
  readonly pod: JsonRecord | undefined
  /** pidguard's estimate is on it. */
  readonly mutated: boolean
  /** pidguard refused it, or warned about it. */
  readonly validated: boolean
  /** Why there is no pod, where no rule of pidguard is the reason. */
  readonly refusal: ProbeRefusal | undefined
  /** How long the API server took, all webhooks included. */
  readonly took: Millis
}

export interface ProbeRefusal {
  /** `unreached`: the API server could not call pidguard. `forbidden`: this user may not create pods there. */
  readonly cause: 'unreached' | 'forbidden' | 'others'
  /** A webhook by its name, or the API server itself. */
  readonly by: string
  /** In the API server's own words. */
  readonly message: string
}

/** The rules that the probe pod breaks on purpose. */
export const brokenRules: readonly string[] = ['best-effort', 'pid-annotations']
/** The rule whose fix leaves its mark on the other. */
export const markingRule = 'pid-annotations'

/** Tries two pods, as dry runs, so nothing is stored. Throws KubeError when the API server does not answer. */
export async function probeAdmission(
  credentials: Credentials,
  namespace: string,
  monotonic: () => Millis
): Promise<AdmissionProbe> {
  const { headers, tls } = await credentials.next()
  const agent = new Agent({ allowH2: false, connect: withoutUndefined(tls) })
  async function tryPod(pod: object): Promise<ProbeAnswer> {
    const startedAt = monotonic()
    const answer = await request(`${credentials.server}/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
      dispatcher: agent,
      method: 'POST',
      headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(pod),
      headersTimeout: patience
    })
    const text = await answer.body.text()
    const warnings = [answer.headers['warning'] ?? []].flat().join('\n')
    return { ...readAnswer(answer.statusCode, text, warnings), took: monotonic() - startedAt }
  }
  try {
    const [validate, mutate] = await Promise.all([tryPod(unwantedPod(namespace)), tryPod(modestPod(namespace))])
    return { validate, mutate }
  } catch (cause) {
    throw KubeError.ofTransport(cause)
  } finally {
    await agent.destroy()
  }
}

/**
 * A pod that breaks rules in every policy: it asks for no resources, and declares PIDs that are no count. The overlay
 * observe warns about it, the others refuse it.
 */
function unwantedPod(namespace: string): object {
  return podOf(namespace, { annotations: { [declaredPids]: 'none' } }, {})
}

/** A pod that breaks no rule: it is admitted, and comes back with what pidguard adds to every pod. */
function modestPod(namespace: string): object {
  return podOf(namespace, {}, { requests: { cpu: '10m', memory: '32Mi' } })
}

/** As Pod Security wants it at its strictest level, `restricted`, so that only pidguard has something to say. */
function podOf(namespace: string, metadata: object, resources: object): object {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pidguard-doctor', namespace, ...metadata },
    spec: {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'doctor', image: 'pidguard.io/doctor:none', resources, securityContext }]
    }
  }
}

function readAnswer(status: number, text: string, warnings: string): Omit<ProbeAnswer, 'took'> {
  const body = recordOf(text)
  const warned = brokenRules.some((id) => warnings.includes(`${id}: `))
  if (status < 300 && body['kind'] === 'Pod') {
    const metadata = isRecord(body['metadata']) ? body['metadata'] : {}
    const annotations = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
    return { pod: body, mutated: annotations[pidsEstimate] !== undefined, validated: warned, refusal: undefined }
  }
  const message = textOf(body['message']) || `HTTP ${status}`
  const denied = /admission webhook "([\w-]+\.)*validate\.pidguard\.io" denied/.test(message)
  return {
    pod: undefined,
    mutated: false,
    validated: denied || warned,
    refusal: denied ? undefined : refusalOf(message)
  }
}

function refusalOf(message: string): ProbeRefusal {
  const by = /webhook "([^"]+)"/.exec(message)?.[1] ?? 'the API server'
  const unreached = /failed calling webhook "([\w-]+\.)*pidguard\.io"/.test(message)
  const forbidden = message.includes(' cannot create resource "pods"')
  return { cause: unreached ? 'unreached' : forbidden ? 'forbidden' : 'others', by, message: message.slice(0, 500) }
}

/** Empty where something else than an API server answered: a proxy in between speaks HTML. */
function recordOf(text: string): JsonRecord {
  try {
    const body: unknown = JSON.parse(text)
    return isRecord(body) ? body : {}
  } catch {
    return {}
  }
}
