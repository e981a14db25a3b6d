// A server whose answers are wrong is not measured.
import assert from 'node:assert/strict'
import * as bodies from './bodies.ts'
import { post } from './client.ts'
import type { Contestant, Server } from './contestants.ts'
import type { Scenario, Url } from './scenarios.ts'

interface Operation {
  readonly op: string
  readonly path: string
  readonly value?: unknown
}

interface Response {
  readonly uid: string
  readonly allowed: boolean
  readonly patch?: string
  readonly patchType?: string
  readonly status?: { readonly code?: number; readonly message?: string }
}

async function ask(
  server: Server,
  url: Url,
  review: bodies.Review
): Promise<{ response: Response; operations: readonly Operation[] }> {
  const answer = await post(server.port, `${url}?timeout=10s`, bodies.textOf(review))
  assert.equal(answer.status, 200, answer.text.slice(0, 500))
  const { response, kind, apiVersion } = JSON.parse(answer.text) as {
    kind: string
    apiVersion: string
    response: Response
  }
  assert.deepEqual([apiVersion, kind, response.uid], ['admission.k8s.io/v1', 'AdmissionReview', review.request.uid])
  if (response.patch === undefined) return { response, operations: [] }
  assert.deepEqual([url, response.patchType], ['/mutate', 'JSONPatch'])
  return { response, operations: JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8')) as Operation[] }
}

/** Throws when the contestant does not answer the scenario's own bodies, or not what a guard must answer. */
export async function checkAnswers(contestant: Contestant, server: Server, scenario: Scenario): Promise<void> {
  for (const review of scenario.reviews.slice(0, 20)) await ask(server, scenario.url, review)
  if (contestant.guards) await checkGuard(server)
}

async function checkGuard(server: Server): Promise<void> {
  const paths = async (review: bodies.Review): Promise<string> => {
    const { response, operations } = await ask(server, '/mutate', review)
    assert.equal(response.allowed, true)
    return JSON.stringify(operations)
  }
  const typical = await paths(bodies.pod(1))
  assert.match(typical, /pidguard\.io~1pids-estimate/)
  assert.doesNotMatch(typical, /resources/)
  const injected = await paths(bodies.podWithoutRequests(1))
  assert.match(injected, /\/spec\/containers\/1\/resources/)
  assert.doesNotMatch(injected, /\/spec\/containers\/0\/resources/)
  const calico = await paths(bodies.calicoNode(1))
  assert.match(calico, /FELIX_IPTABLESBACKEND/)
  assert.match(calico, /OnDelete/)

  const allowed = await ask(server, '/validate', bodies.judged(bodies.pod(1)))
  assert.equal(allowed.response.allowed, true, allowed.response.status?.message)
  const denied = await ask(server, '/validate', bodies.judged(bodies.bestEffortPod(1)))
  assert.equal(denied.response.allowed, false)
  assert.match(denied.response.status?.message ?? '', /BestEffort/)
}
