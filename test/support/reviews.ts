import { groupOf } from '../../src/kubernetes/workloads.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { podObject } from './subjects.ts'

/** An AdmissionReview as the API server sends it for the object; `change` goes into its request. */
export function reviewOf(object: JsonRecord | null, change: JsonRecord = {}): JsonRecord {
  const apiVersion = String(object?.['apiVersion'] ?? 'v1')
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      kind: {
        group: groupOf(apiVersion),
        version: apiVersion.slice(apiVersion.indexOf('/') + 1),
        kind: String(object?.['kind'] ?? 'Pod')
      },
      operation: 'CREATE',
      namespace: 'default',
      name: 'web',
      userInfo: { username: 'jane', groups: ['system:authenticated'] },
      object,
      oldObject: null,
      dryRun: false,
      options: { apiVersion: 'meta.k8s.io/v1', kind: 'CreateOptions' },
      ...change
    }
  }
}

/** The body of a review of a plain Pod. */
export const podReviewText = JSON.stringify(reviewOf(podObject()))
