import { text } from 'node:stream/consumers'
import { readPolicyText } from '../host/policy-watched.ts'
import { print } from '../host/stdout.ts'
import { defaultPolicyText } from '../policy/document/default-document.ts'
import { policyJsonSchema } from '../policy/document/json-schema.ts'
import { readPolicy } from '../policy/document/read-policy.ts'
import { claimableNotes, expiredNotes } from '../policy/exemptions.ts'
import { policyRules } from '../rules/index.ts'

/** Reads a policy file, or standard input; throws ERR_POLICY_INVALID with all its mistakes. */
export async function checkPolicy(path: string): Promise<void> {
  const source = path === '-' ? 'stdin' : path
  const written = path === '-' ? await text(process.stdin) : await readPolicyText(path)
  const { exemptions } = readPolicy(written, { rules: policyRules, source })
  print(`${source}: a valid policy\n`)
  for (const note of expiredNotes(exemptions, Date.now())) print(`note: ${note}\n`)
  for (const note of claimableNotes(exemptions, policyRules, Date.now())) print(`warning: ${note}\n`)
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
