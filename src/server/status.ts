/** metav1.StatusReason by HTTP status (apimachinery pkg/api/errors). */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout'
}

/** The body of an answer that is no AdmissionReview: a v1 Status, which every Kubernetes client can read. */
export function renderStatus(code: number, message: string): string {
  const reason = reasons[code] ?? 'Unknown'
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code })
}
