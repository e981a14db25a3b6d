import { isRecord } from '../../lib/json/shape.ts'
import { kind, type Policy } from '../policy.ts'
import { policyOf } from '../policy-of-document.ts'
import type { RuleInfo } from '../settings.ts'
import { crossMistakes } from './cross-checks.ts'
import { type PathMistake, renderPath } from './mistakes.ts'
import { PolicyError } from './policy-error.ts'
import { buildPolicySchema } from './schema.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

export interface ReadPolicyOptions {
  readonly rules: readonly RuleInfo[]
  /** What the text is called in messages: a file name. */
  readonly source: string
}

/** Reads a policy document. Throws a PolicyError with everything that is wrong with it. */
export function readPolicy(text: string, { rules, source }: ReadPolicyOptions): Policy {
  const yaml = readYaml(text)
  if (!('placeOf' in yaml)) throw new PolicyError(source, yaml)
  const single: PathMistake[] = []
  const document = buildPolicySchema(rules).read(yaml.value, [], single)
  const mistakes = isOther(yaml.value)
    ? single.filter(({ path }) => path[0] === 'apiVersion' || path[0] === 'kind')
    : [...single, ...crossMistakes(yaml.value)]
  if (mistakes.length > 0) throw new PolicyError(source, placed(mistakes, yaml))
  return policyOf(document, rules)
}

/** A document of another kind: everything else would be wrong too, and saying so would not help. */
function isOther(value: unknown): boolean {
  return isRecord(value) && typeof value.kind === 'string' && value.kind !== kind
}

function placed(mistakes: readonly PathMistake[], yaml: YamlSource) {
  return mistakes
    .map(({ path, message }) => ({ ...yaml.placeOf(path), path: renderPath(path), message }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
}
