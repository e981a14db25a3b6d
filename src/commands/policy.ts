import { readPolicyText } from '../host/policy-watched.ts'
import { defaultPolicyText } from '../policy/document/default-document.ts'
import { policyJsonSchema } from '../policy/document/json-schema.ts'
import { readPolicy } from '../policy/document/read-policy.ts'
import { policyRules } from '../rules/index.ts'

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
