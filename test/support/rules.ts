import { defineRule, type Rule, type RuleDefinition } from '../../src/engine/rule.ts'
import type { Subject } from '../../src/kubernetes/subject.ts'
import type { Finding } from '../../src/model/finding.ts'

/** A rule over Pods that finds nothing, changed as given. */
export function testRule(change: Partial<RuleDefinition<Subject, never, never>> = {}): Rule {
  return defineRule<Subject>({
    id: 'test-rule',
    title: 'Test',
    why: 'For tests.',
    remedy: 'Do this. Or do that.',
    defaultMode: 'enforce',
    scope: 'pods',
    kinds: ['/Pod'],
    requiredFacts: [],
    reads: (subject) => [subject.object['spec']],
    check: () => [],
    ...change
  })
}

export function finding(change: Partial<Finding> = {}): Finding {
  return { pointer: '/spec', reason: 'something is wrong', detail: 'x=1', ...change }
}
