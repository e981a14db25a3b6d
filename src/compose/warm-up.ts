import type { AllFacts } from '../engine/rule.ts'
import { Headroom } from '../headroom/headroom.ts'
import { Ledger } from '../headroom/ledger.ts'
import type { Clock, Webhook } from '../ports.ts'
import type { Admission } from '../server/admission.ts'

/**
 * Reviews of our own before the first real one: by the hundredth the compiler has seen the path, and the first pod
 * does not pay for it (bench/README.md). They touch nothing: no finding, no patch, and the counters are read later.
 */
const rounds = 150

/**
 * Runs the admission path over reviews that look like real ones. `build` makes the path without log and counters over
 * the given facts; those are of a fleet that exists nowhere, since the real one may not be known yet.
 */
export function warmUp(build: (facts: () => Partial<AllFacts>) => Admission, clock: Clock): void {
  const held: Partial<AllFacts> = { limitRanges: [], headroom: fleet(clock) }
  const answer = build(() => held)
  const texts = [podReview(), daemonSetReview()].map((review) => JSON.stringify(review))
  for (let round = 0; round < rounds; round++) {
    for (const text of texts) {
      for (const webhook of ['mutate', 'validate'] satisfies Webhook[]) answer(webhook, Buffer.from(text))
    }
  }
}

/** A few nodes with room for what is asked here. */
function fleet(clock: Clock): Headroom {
  const ledger = new Ledger(clock, () => 50)
  const ceiling = { limit: 32_768, inUse: 1_000 }
  for (const name of ['a', 'b', 'c']) {
    const labels = { 'kubernetes.io/hostname': name }
    ledger.observeNode({ name, uid: name, labels, taints: [], unschedulable: false })
    ledger.observeReading({ node: name, at: clock.now(), host: ceiling, kubepods: ceiling, pods: new Map() })
  }
  return new Headroom(ledger, clock)
}

const managedFields = [{ manager: 'warm-up', fieldsV1: { 'f:spec': { 'k:{"name":"app"}': { 'f:image': {} } } } }]

function podReview(): object {
  const resources = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } }
  const env = Array.from({ length: 10 }, (_, i) => ({ name: `SETTING_${i}`, value: `value ${i}` }))
  return review('', 'Pod', 'default', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'warm-up-', labels: { app: 'warm-up' }, annotations: { a: 'b' }, managedFields },
    spec: {
      initContainers: [{ name: 'init', image: 'example.com/init:1' }],
      containers: [{ name: 'app', image: 'example.com/app:1', env, resources }]
    }
  })
}

function daemonSetReview(): object {
  const env = Array.from({ length: 30 }, (_, i) => ({ name: `FELIX_SETTING_${i}`, value: `value ${i}` }))
  const container = { name: 'calico-node', image: 'docker.io/calico/node:v3.28.0', env }
  return review('apps', 'DaemonSet', 'kube-system', {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'calico-node', labels: { 'k8s-app': 'calico-node' } },
    spec: { updateStrategy: { type: 'RollingUpdate' }, template: { metadata: {}, spec: { containers: [container] } } }
  })
}

function review(group: string, kind: string, namespace: string, object: object): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'warm-up',
      kind: { group, version: 'v1', kind },
      operation: 'CREATE',
      namespace,
      dryRun: true,
      object
    }
  }
}
