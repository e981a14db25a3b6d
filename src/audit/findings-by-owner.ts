import { compareTexts } from '../lib/compare-text.ts'
import { type AuditFinding, type AuditLevel, auditLevels } from '../report/audit/audit-report.ts'
import { objectKey } from '../report/object-name.ts'
import type { ObjectName } from '../report/validate-report.ts'
import type { LevelledFinding } from './judge-stored-object.ts'

/** One finding as it is kept. Its texts are shared with the rule that made it, so many findings take little memory. */
interface Held {
  readonly reason: string
  readonly detail: string
  readonly pointer: string
  readonly field: string
  readonly remedy: string | undefined
  readonly level: AuditLevel
  readonly weight: number
  /** Name of the object it was found in. */
  readonly name: string
}

interface Entry {
  readonly ruleId: string
  readonly object: ObjectName
  /** Found in the object itself. */
  readonly own: Held[]
  /** The worst finding of its children. */
  child: Held | undefined
  children: number
}

/** A finding, with its weight among the findings of the same rule: the heaviest is named first. */
export interface FindingOfOwner extends AuditFinding {
  readonly weight: number
}

/** Reports a finding of a controller and its pods once. Memory grows with the findings, not with the objects read. */
export class FindingsByOwner {
  readonly #entries = new Map<string, Entry>()

  /** Adds what was found in one object; `owner` is the object that its findings are reported for. */
  add(findings: readonly LevelledFinding[], name: string, owner: ObjectName, isChild: boolean): void {
    for (const [ruleId, group] of Map.groupBy(findings, (finding) => finding.ruleId)) {
      const entry = this.#entryOf(ruleId, owner)
      const held = group.map((finding) => heldOf(finding, name))
      if (!isChild) entry.own.push(...held)
      else {
        entry.children++
        const worst = held.toSorted(byWorst)[0]
        if (worst !== undefined && (entry.child === undefined || byWorst(worst, entry.child) < 0)) entry.child = worst
      }
    }
  }

  /** In no order. */
  *list(): Generator<FindingOfOwner> {
    for (const { ruleId, object, own, child, children } of this.#entries.values()) {
      // If only children have findings, the worst child's is shown under the controller.
      const shown = own.length > 0 ? own : child === undefined ? [] : [child]
      const fields = new Map<string, number>()
      for (const { reason, detail, pointer, remedy, level, weight, ...held } of shown) {
        // Entries of a list may have no name, or the same: their count tells them apart.
        const count = (fields.get(held.field) ?? 0) + 1
        fields.set(held.field, count)
        const field = count === 1 ? held.field : `${held.field} ${count}`
        const worst = child === undefined || rankOf(level) <= rankOf(child.level) ? level : child.level
        yield {
          ruleId,
          level: worst,
          reason,
          detail,
          pointer,
          ...(field === pointer ? undefined : { field }),
          ...(remedy === undefined ? undefined : { remedy }),
          object,
          children,
          change: null,
          weight
        }
      }
    }
  }

  #entryOf(ruleId: string, object: ObjectName): Entry {
    const key = `${ruleId} ${objectKey(object)}`
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { ruleId, object, own: [], child: undefined, children: 0 }
      this.#entries.set(key, entry)
    }
    return entry
  }
}

function heldOf({ weight = 0, ...finding }: LevelledFinding, name: string): Held {
  const { reason, detail, pointer, field, remedy, level } = finding
  return { reason, detail, pointer, field, remedy, level, weight, name }
}

/** The worst first; then by name, so that the order in which pods are read does not matter. */
function byWorst(a: Held, b: Held): number {
  return (
    rankOf(a.level) - rankOf(b.level) ||
    b.weight - a.weight ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.pointer, b.pointer)
  )
}

function rankOf(level: AuditLevel): number {
  return auditLevels.indexOf(level)
}
