import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { AllFacts } from '../engine/rule.ts'
import { Headroom } from '../headroom/assess/headroom.ts'
import { Ledger } from '../headroom/ledger/ledger.ts'
import type { Webhook } from '../model/review-outcome.ts'
import type { Clock } from '../ports/runtime.ts'
import type { Admission } from '../server/admission.ts'
import { buildAdmissionServer, type ServingPair } from '../server/build-server.ts'

/*
 * What this saves: the first review after a start takes half the time. Measured by bench:startup on a loaded machine,
 * medians of two runs on different days: 5.1 to 6.3 ms with it and 10.2 ms without, 3.6 to 4.1 ms with it and 7.6 ms without
 * (0.6 to 1.3 ms later on); on a quiet machine 1.6 to 1.9 ms with it, under a budget of 2. It costs 70 to 100 ms of processor
 * time and 4 MB at each start. Kept, because a rollout sends the first review to a new replica within a second, and a person
 * or a controller waits for it.
 */

/**
 * Rounds of four reviews of our own before the first real one: V8 then has compiled the path. More rounds would make V8
 * specialise on these very objects, and it would discard that code at the first other one (bench/README.md). They are
 * neither counted nor logged.
 */
const rounds = 40

/** Calls of our own over a connection: TLS and HTTP cost a first call as much as the review. */
const calls = 5
/** Milliseconds that all of them may take; on a quiet machine they take ten. */
const patience = 1_000

/**
 * Runs the admission path over reviews that look like real ones, first directly, then over TLS as the API server calls it.
 * `build` makes the path without log and counters over the given facts. The facts are made up, since those of the cluster
 * may not be known yet. Never throws: a fault shows at the first real review, where it is reported.
 */
export async function warmUp(
  build: (facts: () => Partial<AllFacts>) => Admission,
  clock: Clock,
  pair: ServingPair
): Promise<void> {
  // Triggers V8's one-time de-optimisation of Buffer code now rather than at the first connection: it happens at the first
  // Buffer that native code makes (protector TypedArrayLengthLookupChain).
  createHash('sha256').digest()
  const held: Partial<AllFacts> = { limitRanges: [], headroom: fleet(clock) }
  const answer = build(() => held)
  const texts = [podReview(), daemonSetReview()].map((review) => JSON.stringify(review))
  for (let round = 0; round < rounds; round++) {
    for (const text of texts) {
      for (const webhook of ['mutate', 'validate'] satisfies Webhook[])
        answer(webhook, Buffer.from(text), clock.monotonic()).report()
    }
  }
  await callOurselves(
    () => buildAdmissionServer({ admission: answer, clock, ...discarded }, pair).app.server,
    texts[0] as string
  )
}

/** On a port of loopback of its own: the real server would count and log these reviews. */
async function callOurselves(build: () => Server, text: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
  const signal = AbortSignal.timeout(patience)
  let server: Server | undefined
  try {
    server = build()
    await once(server.listen(0, '127.0.0.1'), 'listening', { signal })
    const { port } = server.address() as AddressInfo
    for (let call = 0; call < calls; call++) {
      for (const webhook of ['mutate', 'validate'] satisfies Webhook[]) {
        const headers = { 'content-type': 'application/json' }
        const path = `/${webhook}?timeout=10s`
        const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent, signal }).end(text)
        const [answer] = (await once(sent, 'response', { signal })) as [IncomingMessage]
        await once(answer.resume(), 'end', { signal })
      }
    }
  } catch {
    // No loopback, or a machine that is too busy: then the first review is slower, and nothing else.
  } finally {
    agent.destroy()
    server?.close()
  }
}

/** Discards log lines and counts of warm-up reviews. */
const discarded = { log: { warn() {}, error() {} }, meter: { countReview() {} } }

/** A few nodes with room for these pods. */
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

/**
 * As a controller makes it and the API server sends it, with the members in the order of its Go types: V8 reuses the code
 * compiled for objects of this shape for real ones, and would discard code for another shape.
 */
function podReview(): object {
  const name = 'warm-up-7d9f8b6c5d'
  const managed = { 'f:spec': { 'f:containers': { 'k:{"name":"app"}': { '.': {}, 'f:image': {} } } } }
  return review('', 'Pod', 'pods', 'default', {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      generateName: `${name}-`,
      creationTimestamp: null,
      labels: { app: 'warm-up', 'pod-template-hash': '7d9f8b6c5d' },
      annotations: { 'prometheus.io/scrape': 'true' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: 'warm-up', controller: true, blockOwnerDeletion: true }
      ],
      managedFields: [
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          apiVersion: 'v1',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          fieldsV1: managed
        }
      ]
    },
    spec: {
      volumes: [{ name: 'token', projected: {} }],
      containers: [
        container('app', 'example.com/app:1', 'SETTING'),
        container('proxy', 'example.com/proxy:1', 'PROXY')
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: ['not-ready', 'unreachable'].map((condition) => ({
        key: `node.kubernetes.io/${condition}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300
      })),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority'
    },
    status: {}
  })
}

function container(name: string, image: string, setting: string): object {
  return {
    name,
    image,
    ports: [{ containerPort: 8080, protocol: 'TCP' }],
    env: Array.from({ length: 10 }, (_, i) => ({ name: `${setting}_${i}`, value: `value ${i}` })),
    resources: { limits: { memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
    volumeMounts: [{ name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent'
  }
}

function daemonSetReview(): object {
  const labels = { 'k8s-app': 'calico-node' }
  return review('apps', 'DaemonSet', 'daemonsets', 'kube-system', {
    kind: 'DaemonSet',
    apiVersion: 'apps/v1',
    metadata: { name: 'calico-node', namespace: 'kube-system', creationTimestamp: null, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { creationTimestamp: null, labels },
        spec: {
          containers: [container('calico-node', 'docker.io/calico/node:v3.28.0', 'FELIX_SETTING')],
          restartPolicy: 'Always',
          hostNetwork: true
        }
      },
      updateStrategy: { type: 'RollingUpdate' },
      revisionHistoryLimit: 10
    },
    status: {}
  })
}

function review(group: string, kind: string, resource: string, namespace: string, object: object): object {
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '00000000-0000-0000-0000-000000000000',
      kind: { group, version: 'v1', kind },
      resource: { group, version: 'v1', resource },
      requestKind: { group, version: 'v1', kind },
      requestResource: { group, version: 'v1', resource },
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'warm-up', uid: 'warm-up', groups: ['system:authenticated'] },
      object,
      oldObject: null,
      dryRun: true,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' }
    }
  }
}
