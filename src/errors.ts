/** What the API server is told while an error stands: refuse the object, let it pass with a warning, or no answer at all. */
type OnAdmission = 'deny' | 'warn' | 'call-failure' | 'none'

export interface ErrorInfo {
  /** HTTP status of the answer, or of `response.status` where the answer is an AdmissionReview. */
  readonly status: number
  readonly onAdmission: OnAdmission
  readonly hint: string
}

/** Everything that may leave the process as an error. A policy violation is a value and is not here. */
export const errorCodes = {
  ERR_REVIEW_NOT_JSON: { status: 400, onAdmission: 'call-failure', hint: 'The body is not JSON.' },
  ERR_REVIEW_MALFORMED: {
    status: 400,
    onAdmission: 'deny',
    hint: 'The body is not an admission.k8s.io/v1 AdmissionReview.'
  },
  ERR_OBJECT_MALFORMED: { status: 400, onAdmission: 'deny', hint: 'The object does not have the shape of its kind.' },
  ERR_BODY_TOO_LARGE: {
    status: 413,
    onAdmission: 'call-failure',
    hint: 'The body is larger than any AdmissionReview can be.'
  },
  ERR_CONTENT_TYPE: { status: 415, onAdmission: 'call-failure', hint: 'Send application/json.' },
  ERR_METHOD: { status: 405, onAdmission: 'call-failure', hint: 'Send POST.' },
  ERR_POLICY_INVALID: { status: 500, onAdmission: 'none', hint: 'Mend the policy; the last good one stays in force.' },
  ERR_BASELINE_INVALID: {
    status: 500,
    onAdmission: 'none',
    hint: 'Mend the baseline, or write it anew with --write-baseline.'
  },
  ERR_CERTIFICATE: {
    status: 500,
    onAdmission: 'none',
    hint: 'Mend the certificate files; the last good pair stays in use.'
  },
  ERR_USAGE: { status: 500, onAdmission: 'none', hint: 'Run the command with --help.' },
  ERR_SERVER_UNREACHABLE: { status: 503, onAdmission: 'none', hint: 'Is the server running? Start it with npm start.' },
  ERR_CLUSTER_CONFIG: {
    status: 500,
    onAdmission: 'none',
    hint: 'Name a kubeconfig file with --kubeconfig or KUBECONFIG, or run inside a cluster.'
  },
  ERR_CLUSTER_UNREACHABLE: {
    status: 503,
    onAdmission: 'none',
    hint: 'See whether kubectl reaches the cluster with the same kubeconfig, and whether its user may do this.'
  },
  ERR_SNAPSHOT_UNREADABLE: {
    status: 503,
    onAdmission: 'none',
    hint: 'Name a snapshot that is there, with --snapshot.'
  },
  ERR_SNAPSHOT_INVALID: {
    status: 500,
    onAdmission: 'none',
    hint: 'Write a snapshot with pidguard top nodes -o snapshot.'
  }
} as const satisfies Record<string, ErrorInfo>

export type ErrorCode = keyof typeof errorCodes

/** An error people may see: says what was expected, what was found, and where. */
export class AppError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
  }

  get info(): ErrorInfo {
    return errorCodes[this.code]
  }
}
