import { readFileSync } from 'node:fs'
import type { Rule } from '../engine/rule.ts'
import { AppError } from '../errors.ts'
import type { Millis } from '../lib/units.ts'
import { exemptionFor, expiredNotes, targetOf } from '../policy/exemptions.ts'
import type { Policy } from '../policy/policy.ts'
import { defaultPolicy } from '../policy/policy-of-document.ts'
import { PolicyResolver } from '../policy/policy-resolver.ts'
import type { FilePolicy } from '../validate/object-judge.ts'
import { readPlainYaml } from '../yaml/plain-yaml.ts'
import { reasonOf } from './files/file-error.ts'

/** The policy for a run over files: read once. */
export async function loadFilePolicy(
  path: string | undefined,
  rules: readonly Rule[],
  now: Millis
): Promise<FilePolicy> {
  return filePolicyOf(await readFilePolicy(path, rules), rules, now)
}

/** The policy of the file, or the built-in one. Throws ERR_POLICY_INVALID. */
export async function readFilePolicy(path: string | undefined, rules: readonly Rule[]): Promise<Policy> {
  return path === undefined ? defaultPolicy(rules) : await readPolicyFile(path, rules)
}

export function filePolicyOf(policy: Policy, rules: readonly Rule[], now: Millis): FilePolicy {
  const resolver = new PolicyResolver(policy, rules)
  return {
    ownKinds: policy.podTemplates,
    notes: expiredNotes(policy.exemptions, now),
    settingsFor: (namespace, facts) => resolver.settingsFor(namespace, facts),
    exemption(ruleId, subject) {
      const exemptions = resolver.exemptionsOf(ruleId)
      return exemptions.length === 0 ? undefined : exemptionFor(exemptions, ruleId, targetOf(subject), now)?.reason
    }
  }
}

/** Throws ERR_POLICY_INVALID when the file cannot be read, or with every mistake in it. */
async function readPolicyFile(path: string, rules: readonly Rule[]): Promise<Policy> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const message = `${path}: expected a policy document: ${reasonOf(cause)}`
    throw new AppError('ERR_POLICY_INVALID', message, {
      cause,
      remedy: 'Name a policy file that is there and that you may read.'
    })
  }
  const { policyOfValue } = await import('../policy/document/read-plain-policy.ts')
  const plain = policyOfValue(readPlainYaml(text), rules)
  if (plain !== undefined) return plain
  // It says what is wrong and where. To load its parser costs half a start.
  const { readPolicy } = await import('../policy/document/read-policy.ts')
  return readPolicy(text, { rules, source: path })
}
