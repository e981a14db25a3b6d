/** What the API server gets for an error: a denial, an admission with a warning, or a failed call. `none`: no review is involved. */
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
  ERR_LENGTH_REQUIRED: { status: 411, onAdmission: 'call-failure', hint: 'Send a Content-Length, not chunks.' },
  ERR_TOO_MANY_BODIES: {
    status: 429,
    onAdmission: 'call-failure',
    hint: 'Too many large reviews at once; send it again later.'
  },
  ERR_OBJECT_TOO_LARGE: { status: 413, onAdmission: 'deny', hint: 'Make the object smaller or split it.' },
  ERR_CONTENT_TYPE: { status: 415, onAdmission: 'call-failure', hint: 'Send application/json.' },
  ERR_METHOD: { status: 405, onAdmission: 'call-failure', hint: 'Send POST.' },
  ERR_POLICY_INVALID: { status: 500, onAdmission: 'none', hint: 'Fix the policy file.' },
  ERR_BASELINE_INVALID: {
    status: 500,
    onAdmission: 'none',
    hint: 'Fix the baseline, or write a new one with --write-baseline.'
  },
  ERR_CERTIFICATE: {
    status: 500,
    onAdmission: 'none',
    hint: 'Fix the certificate files.'
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
    hint: 'Check that kubectl reaches the cluster with the same kubeconfig, and that its user may do this.'
  },
  ERR_SNAPSHOT_UNREADABLE: {
    status: 503,
    onAdmission: 'none',
    hint: 'Name an existing snapshot file with --snapshot.'
  },
  ERR_SNAPSHOT_INVALID: {
    status: 500,
    onAdmission: 'none',
    hint: 'Write a snapshot with pidguard top nodes -o snapshot.'
  }
} as const satisfies Record<string, ErrorInfo>

export type ErrorCode = keyof typeof errorCodes

interface AppErrorOptions extends ErrorOptions {
  /** What to do, where it is more than the hint of the code says. */
  readonly remedy?: string
}

/** An error that users may see. Its message names what was expected, what was found, and where. */
export class AppError extends Error {
  readonly code: ErrorCode
  /** What the person should do; a sentence. */
  readonly remedy: string

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options)
    this.name = 'AppError'
    this.code = code
    this.remedy = options.remedy ?? this.info.hint
  }

  get info(): ErrorInfo {
    return errorCodes[this.code]
  }
}
