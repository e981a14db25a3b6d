// The reviews that are sent: good ones, and those of the attacks.
import type { JsonRecord } from '../../src/lib/json/shape.ts'

let last = 0
/** Apart for each process: every forged pod is another one. */
const unique = (): string => `${process.pid}-${last++}`

export function review(pod: JsonRecord, change: JsonRecord = {}): string {
  const { namespace = 'default', name } = pod['metadata'] as JsonRecord
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: unique(),
      kind,
      requestKind: kind,
      resource: { group: '', version: 'v1', resource: 'pods' },
      name,
      namespace,
      operation: 'CREATE',
      userInfo: { username: 'jane', groups: ['system:authenticated'] },
      object: pod,
      oldObject: null,
      dryRun: true,
      options: {},
      ...change
    }
  })
}

export function pod(spec: JsonRecord = {}, metadata: JsonRecord = {}): JsonRecord {
  const container = { name: 'app', image: 'x', resources: { requests: { cpu: '10m', memory: '16Mi' } } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: `forged-${unique()}`, ...metadata },
    spec: { containers: [container], ...spec }
  }
}

const map = (count: number, entry: (i: number) => readonly [string, unknown]): JsonRecord =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => entry(i)))

/** Pods in which one thing is large: of some 3 MB, which is what an API server takes (MaxRequestBodyBytes). */
export const largePods: Readonly<Record<string, () => JsonRecord>> = {
  'selector of 190,000 keys': () => pod({ nodeSelector: map(190_000, (i) => [`k${i}`, 'v']) }),
  'labels, 150,000': () => pod({}, { labels: map(150_000, (i) => [`k${i}`, 'v']) }),
  'annotations, 150,000': () => pod({}, { annotations: map(150_000, (i) => [`k${i}`, 'v']) }),
  'resources, 150,000 names': () =>
    pod({ containers: [{ name: 'a', resources: { requests: map(150_000, (i) => [`example.com/r${i}`, '1']) } }] }),
  'tolerations, 60,000': () => pod({ tolerations: Array.from({ length: 60_000 }, (_, i) => ({ key: `key-${i}` })) }),
  'containers, 40,000 defaulted': () =>
    pod({
      containers: Array.from({ length: 40_000 }, (_, i) => ({
        name: `a${i}`,
        image: 'x',
        resources: i === 0 ? { requests: { cpu: '1m' } } : {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'Always'
      }))
    }),
  'containers, 200,000 of a name': () => pod({ containers: Array.from({ length: 200_000 }, () => ({ name: 'a' })) }),
  'selectors, 24,000 in a term': () => {
    const matchExpressions = Array.from({ length: 24_000 }, (_, i) => ({
      key: `k${i}`,
      operator: 'In',
      values: ['a', 'b']
    }))
    const nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] }
    }
    return pod({ affinity: { nodeAffinity } })
  }
}
