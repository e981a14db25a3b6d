import type { RuleInfo } from '../settings.ts'
import { buildPolicySchema } from './schema.ts'

/** JSON Schema of the document as people write it, for editors. */
export function policyJsonSchema(rules: readonly RuleInfo[]): Record<string, unknown> {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...buildPolicySchema(rules).json }
}
