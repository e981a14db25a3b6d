/** metav1.StatusReason by HTTP status (apimachinery pkg/api/errors). */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  411: 'BadRequest',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout'
}

/** metav1.StatusReason of a status code. */
export function reasonOfStatus(code: number): string {
  return reasons[code] ?? 'Unknown'
}

/** The body of an answer that is no AdmissionReview: a v1 Status, which every Kubernetes client can read. */
export function renderStatus(code: number, message: string): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: reasonOfStatus(code),
    message,
    code
  })
}
