import { AppError } from '../../errors.ts'

/** One thing wrong with a policy document, and where. Lines and columns count from 1. */
export interface PolicyMistake {
  readonly line: number
  readonly column: number
  /** As people write it: `spec.overrides[2].pids.estimate`; empty for the document itself. */
  readonly path: string
  readonly message: string
}

/** All that is wrong with a policy document. */
export class PolicyError extends AppError {
  readonly mistakes: readonly PolicyMistake[]

  constructor(source: string, mistakes: readonly PolicyMistake[], options?: ErrorOptions) {
    super('ERR_POLICY_INVALID', mistakes.map((mistake) => lineOf(source, mistake)).join('\n'), options)
    this.name = 'PolicyError'
    this.mistakes = mistakes
  }
}

function lineOf(source: string, { line, column, path, message }: PolicyMistake): string {
  return `${source}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
}
