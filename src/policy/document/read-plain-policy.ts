import type { Policy } from '../policy.ts'
import { policyOf } from '../policy-of-document.ts'
import type { RuleInfo } from '../settings.ts'
import { crossMistakes } from './cross-checks.ts'
import type { PathMistake } from './mistakes.ts'
import { buildPolicySchema } from './schema.ts'
import { withoutNulls } from './without-nulls.ts'

/**
 * The policy of a document that somebody has parsed; undefined where anything is wrong with it: `readPolicy` says what and where.
 * So a check of files, which has a parser, needs no other for a policy without mistakes.
 */
export function policyOfValue(value: unknown, rules: readonly RuleInfo[]): Policy | undefined {
  const written = readable(value)
  const mistakes: PathMistake[] = []
  const document = buildPolicySchema(rules).read(written, [], mistakes)
  return mistakes.length + crossMistakes(written).length > 0 ? undefined : policyOf(document, rules)
}

function readable(value: unknown): unknown {
  try {
    return withoutNulls(value)
  } catch {
    return undefined
  }
}
