import { readPolicyText } from '../host/policy-watched.ts'
import { print } from '../host/stdout.ts'
import { defaultPolicyText } from '../policy/document/default-document.ts'
import { policyJsonSchema } from '../policy/document/json-schema.ts'
import { readPolicy } from '../policy/document/read-policy.ts'
import { policyRules } from '../rules/index.ts'

/** Reads a policy file; throws ERR_POLICY_INVALID with all its mistakes. */
export async function checkPolicy(path: string): Promise<void> {
  readPolicy(await readPolicyText(path), { rules: policyRules, source: path })
  print(`${path}: a valid policy\n`)
}

export function printDefaultPolicy(): void {
  print(defaultPolicyText(policyRules))
}

export function printPolicySchema(): void {
  print(renderPolicySchema())
}

export function renderPolicySchema(): string {
  return `${JSON.stringify(policyJsonSchema(policyRules), null, 2)}\n`
}
