import { RuleIndex } from '../../src/engine/rule-index.ts'
import type { InputFile, Inputs } from '../../src/input/inputs.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { exemptionFor, targetOf } from '../../src/policy/exemptions.ts'
import { defaultPolicy } from '../../src/policy/policy-of-document.ts'
import { PolicyResolver } from '../../src/policy/policy-resolver.ts'
import type { Report } from '../../src/report/validate-report.ts'
import { policyRules, rules } from '../../src/rules/index.ts'
import type { FilePolicy } from '../../src/validate/object-judge.ts'
import { type ValidateOptions, validate } from '../../src/validate/validate.ts'

/** 2026-06-01, the day on which tests validate. */
export const today = Date.parse('2026-06-01')

/** Files that exist only in a test; each is given away in pieces of `size` characters. */
export function memoryInputs(texts: Readonly<Record<string, string>>, size = 1_000_000): Inputs {
  return {
    find(paths) {
      const found = paths.filter((path) => texts[path] !== undefined)
      const files: InputFile[] = found.map((path) => ({
        path,
        isNamed: true,
        size: 0,
        isOnce: path === '-'
      }))
      const problems = paths
        .filter((path) => texts[path] === undefined)
        .map((path) => ({ path, message: 'no such file or folder' }))
      return { files, problems, notes: [] }
    },
    *chunks({ path }) {
      const text = texts[path] ?? ''
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
    }
  }
}

/** The spec of a policy document in YAML; the default policy where none is given. */
export function policyFrom(spec?: string): FilePolicy {
  const text = `apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec:\n${spec}`
  const policy =
    spec === undefined ? defaultPolicy(policyRules) : readPolicy(text, { rules: policyRules, source: 'policy.yaml' })
  const resolver = new PolicyResolver(policy, policyRules)
  return {
    ownKinds: policy.podTemplates,
    settingsFor: (namespace, facts) => resolver.settingsFor(namespace, facts),
    exemption: (ruleId, subject) => exemptionFor(policy.exemptions, ruleId, targetOf(subject), today)?.reason
  }
}

export interface ValidateChange extends Partial<ValidateOptions> {
  readonly policy?: string
  readonly baseline?: Parameters<typeof validate>[2]['baseline']
  readonly cluster?: Parameters<typeof validate>[2]['cluster']
  /** Characters of one piece of a file. */
  readonly chunk?: number
}

/** The report over the given files, all of them, under the default policy where none is given. */
export function validateTexts(texts: Readonly<Record<string, string>>, change: ValidateChange = {}): Promise<Report> {
  const { policy, baseline, cluster, chunk, ...options } = change
  return validate(
    Object.keys(texts),
    { namespace: 'default', failOn: 'deny', namespaceLabels: new Map(), ...options },
    {
      version: '0.0.0',
      rules: new RuleIndex(rules),
      policy: policyFrom(policy),
      inputs: memoryInputs(texts, chunk),
      baseline,
      cluster
    }
  )
}

/** A Deployment in YAML; without resources it is BestEffort, at line 9. */
export function deployment(name: string, { namespace = 'shop', resources = '' } = {}): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
  template:
    spec:
      containers:
      - name: app
        image: example.com/app:1
${resources === '' ? '' : `        resources: ${resources}\n`}`
}
