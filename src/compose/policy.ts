import { defaultPolicyText } from '../policy/default-policy.ts'
import { policyJsonSchema } from '../policy/json-schema.ts'
import { readPolicy } from '../policy/load.ts'
import { policyRules } from '../rules/index.ts'
import { readPolicyText } from './policy-file.ts'

/** Reads a policy file; throws ERR_POLICY_INVALID with all its mistakes. */
export async function checkPolicy(path: string): Promise<void> {
  readPolicy(await readPolicyText(path), { rules: policyRules, source: path })
  process.stdout.write(`${path}: a valid policy\n`)
}

export function printDefaultPolicy(): void {
  process.stdout.write(defaultPolicyText(policyRules))
}

export function printPolicySchema(): void {
  process.stdout.write(renderPolicySchema())
}

export function renderPolicySchema(): string {
  return `${JSON.stringify(policyJsonSchema(policyRules), null, 2)}\n`
}
