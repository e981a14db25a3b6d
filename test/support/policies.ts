import { PolicyError } from '../../src/policy/document/policy-error.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { RuleInfo } from '../../src/policy/settings.ts'

/** Some rules, of both scopes and of three modes. */
export const rules: readonly RuleInfo[] = [
  { id: 'best-effort', defaultMode: 'enforce', scope: 'pods' },
  { id: 'resource-requests', defaultMode: 'enforce', scope: 'pods' },
  { id: 'pid-headroom', defaultMode: 'enforce', scope: 'pods' },
  { id: 'pid-binding', defaultMode: 'enforce', scope: 'pods' },
  { id: 'namespace-pid-budget', defaultMode: 'enforce', scope: 'pods' },
  { id: 'runtime-thread-cap', defaultMode: 'warn', scope: 'pods' },
  { id: 'calico-iptables-backend', defaultMode: 'enforce', scope: 'cluster' },
  { id: 'node-pid-max', defaultMode: 'audit', scope: 'cluster' }
]

const head = 'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\n'

/** The document with this `spec`, written at the margin; it begins in line 4. */
export function documentOf(spec: string): string {
  return `${head}spec:\n${spec.replace(/^(?=.)/gm, '  ')}\n`
}

export function policyOf(spec = ''): Policy {
  return readPolicy(documentOf(spec), { rules, source: 'policy.yaml' })
}

/** The lines of the error that a document is refused with; none when it is taken. */
export function complaintsOf(text: string): string[] {
  try {
    readPolicy(text, { rules, source: 'policy.yaml' })
  } catch (error) {
    if (error instanceof PolicyError) return error.message.split('\n')
    throw error
  }
  return []
}

/** The same of the document with this `spec`. */
export function specComplaints(spec: string): string[] {
  return complaintsOf(documentOf(spec))
}
