import { Agent, request } from 'undici'
import { pidsEstimate } from '../model/annotations.ts'
import type { Millis } from '../model/units.ts'
import type { Credentials } from './credentials.ts'
import { KubeError } from './kube-error.ts'

/** Longer than two webhooks that do not answer within their three seconds. */
const patience: Millis = 15_000

export interface ProbeResult {
  /** pidguard changed, warned about or refused the pod. */
  readonly mutated: boolean
  readonly validated: boolean
  /** The API server's own words where it refused for another reason. */
  readonly refusal: string | undefined
  /** How long the API server took, both webhooks included. */
  readonly took: Millis
}

/**
 * What the API server makes of a pod that nobody wants: a dry run, so nothing is stored. It asks for nothing, so the
 * default policy refuses it, and observe warns about it.
 */
export async function probeAdmission(
  credentials: Credentials,
  namespace: string,
  monotonic: () => Millis
): Promise<ProbeResult> {
  const { headers, tls } = await credentials.next()
  const { ca, cert, key, servername, rejectUnauthorized } = tls
  const given = Object.entries({ ca, cert, key, servername }).filter(([, value]) => value !== undefined)
  const agent = new Agent({ allowH2: false, connect: { rejectUnauthorized, ...Object.fromEntries(given) } })
  const startedAt = monotonic()
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'pidguard-doctor', namespace },
    spec: { containers: [{ name: 'doctor', image: 'pidguard.io/doctor' }] }
  }
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`
  try {
    const answer = await request(credentials.server + path, {
      dispatcher: agent,
      method: 'POST',
      headers: { ...headers, accept: 'application/json', 'content-type': 'application/json' },
      body: JSON.stringify(pod),
      headersTimeout: patience
    })
    const body = (await answer.body.json()) as {
      message?: string
      metadata?: { annotations?: Record<string, string> }
    }
    const message = body.message ?? ''
    const warnings = [answer.headers['warning'] ?? []].flat().join('\n')
    const refused = answer.statusCode >= 300
    const byUs = refused && /admission webhook "[\w.-]*pidguard\.io" denied/.test(message)
    return {
      mutated: body.metadata?.annotations?.[pidsEstimate] !== undefined,
      validated: byUs || warnings.includes('best-effort'),
      refusal: refused && !byUs ? message.slice(0, 500) : undefined,
      took: monotonic() - startedAt
    }
  } catch (cause) {
    throw KubeError.ofTransport(cause)
  } finally {
    await agent.destroy()
  }
}
