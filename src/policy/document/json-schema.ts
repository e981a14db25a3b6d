import { z } from 'zod'
import type { RuleInfo } from '../settings.ts'
import { buildPolicySchema } from './schema.ts'

/** JSON Schema (draft 2020-12) of the document as people write it, for editors. */
export function policyJsonSchema(rules: readonly RuleInfo[]): Record<string, unknown> {
  return z.toJSONSchema(buildPolicySchema(rules), {
    io: 'input',
    // zod drops `default` from every value it transforms, so ours are kept under another name.
    override: ({ jsonSchema }) => {
      if (!Object.hasOwn(jsonSchema, 'fallback')) return
      jsonSchema.default = jsonSchema.fallback as typeof jsonSchema.default
      delete jsonSchema.fallback
    }
  })
}
