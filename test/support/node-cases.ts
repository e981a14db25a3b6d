import type { Test } from 'tap'
import type { Rule } from '../../src/engine/rule.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import { findingsOf, skipsOf, type World } from './judge.ts'
import { type NodeStateSketch, nodeObject, nodeState } from './nodes.ts'
import type { SettingsChange } from './settings.ts'

/** One state of a node: fine, found wanting, or not to be judged. */
export interface NodeCase {
  readonly name: string
  readonly node: NodeStateSketch
  readonly object?: JsonRecord
  readonly settings?: SettingsChange
  /** What the detail of its finding says; undefined: there is none. */
  readonly finds?: RegExp
  /** Why the rule is skipped; undefined: it is not. */
  readonly lacks?: string
}

/** Holds the rule to each case: what is not known is never passed. */
export function holdsCases(t: Test, rule: Rule, cases: readonly NodeCase[]): void {
  for (const { name, node, object = nodeObject(), settings, finds, lacks } of cases) {
    t.test(name, async (t) => {
      const world: World = { facts: { node: nodeState(node) }, ...(settings && { settings }) }
      const found = findingsOf(rule, object, world)
      t.equal(found.length, finds === undefined ? 0 : 1)
      if (finds !== undefined) t.match(found[0]?.detail, finds)
      t.strictSame(skipsOf(rule, object, world), lacks === undefined ? [] : [lacks])
    })
  }
}
