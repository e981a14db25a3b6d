// Reads: updateStrategy of DaemonSets that run Felix, at every write.  Fine: OnDelete; with hold, enough free PIDs for a rollout.
import { defineRule, type RuleContext } from '../engine/rule.ts'
import { sayNode, tooLongToCheck } from '../headroom/denial-text.ts'
import { forgetStrategy, strategyBefore } from '../kubernetes/calico/before-fallback.ts'
import { felixContainerOf, isOperatorManaged, specOf } from '../kubernetes/calico/felix.ts'
import { manifestNotes } from '../kubernetes/calico/manifest-notes.ts'
import { isPodSubject, oldSubjectOf, type Subject } from '../kubernetes/subject.ts'
import { daemonSet } from '../kubernetes/workloads.ts'
import { isSame } from '../lib/json/deep-equal.ts'
import { isRecord, type JsonRecord, nameOf } from '../lib/json/shape.ts'
import type { Finding } from '../model/finding.ts'

type Context = RuleContext<never, 'headroom'>

export const calicoUpdateStrategy = defineRule<Subject, never, 'headroom'>({
  id: 'calico-update-strategy',
  title: 'Calico update strategy',
  why: 'With RollingUpdate, any change of the template restarts calico-node on every node, one after the other, even on nodes that have no PIDs left for new processes. With OnDelete a person decides when each node is restarted.',
  remedy:
    'Set spec.updateStrategy to {type: OnDelete}. After a change, delete the pods of calico-node node by node, each when the one before is ready. Where the change is another iptables backend, drain and reboot each node: releases up to v3.32 leave the rules of the old one in place.',
  limits:
    'OnDelete has a price: changed templates, security fixes too, reach a node only when its pod is deleted or the node is new, and `kubectl rollout status` refuses to wait. Who waits for the rollout waits until the last pod is deleted: `helm --wait` of Helm 4, health checks of Flux, and in Calico v3.32 and newer PolicyNameMigrator (no address of a deleted pod is freed meanwhile) and DatastoreMigration (pods cannot be added or removed on nodes that are behind). The migration from manifests to the operator rejects OnDelete. Exempt the DaemonSet for the time of such a migration, or use `spec.calico.updateStrategy: hold`: then RollingUpdate stays, and only a change that would restart calico-node while a node is below its floor of free PIDs is refused. A DaemonSet of the tigera operator is left alone unless the policy says `spec.calico.operatorManaged: mutate`: the operator would report Progressing for ever. Use `nodeUpdateStrategy.rollingUpdate.maxUnavailable: 1` of its Installation there.',
  defaultMode: 'enforce',
  scope: 'cluster',
  kinds: [daemonSet],
  requiredFacts: [],
  optionalFacts: ['headroom'],
  includesControlled: true,
  everyWrite: true,
  // The template too: it is its change that a RollingUpdate carries to every node.
  reads: (subject) =>
    felixContainerOf(subject) === undefined ? [] : [strategyOf(subject), specOf(subject)?.['template']],
  check(subject, context) {
    const { settings } = context
    if (felixContainerOf(subject) === undefined) return []
    if (settings.calico.updateStrategy === 'hold') return held(subject, context)
    if (isOperatorManaged(subject) && settings.calico.operatorManaged !== 'mutate') return []
    const strategy = strategyOf(subject)
    if (strategy?.['type'] === 'OnDelete') return []
    const found = strategy?.['type']
    return [
      {
        pointer: '/spec/updateStrategy',
        reason: 'update strategy is not OnDelete',
        detail:
          found === undefined
            ? 'updateStrategy is not set, which means RollingUpdate'
            : `updateStrategy.type=${typeof found === 'string' ? found.slice(0, 40) : nameOf(found)}`,
        advisory: isOperatorManaged(subject)
      }
    ]
  },
  missingFact: (subject, { settings, headroom }) =>
    settings.calico.updateStrategy === 'hold' && headroom === undefined && restartsFelix(subject)
      ? 'headroom not known'
      : undefined,
  fixes: (subject) => felixContainerOf(subject) !== undefined,
  notes(subject) {
    const found = strategyBefore(subject) ?? strategyOf(subject)?.['type']
    const before = typeof found === 'string' ? found.slice(0, 20) : 'not set'
    return [
      `calico-update-strategy: ${before} changed to OnDelete: calico-node restarts on a node only when its pod is deleted`,
      ...manifestNotes(subject)
    ]
  },
  fix(subject, draft, { settings }) {
    forgetStrategy(draft)
    if (settings.calico.updateStrategy === 'hold') return
    if (isOperatorManaged(subject) && settings.calico.operatorManaged !== 'mutate') return
    const strategy = strategyOf(subject)
    // The API server accepts and ignores a leftover rollingUpdate, which misleads its readers.
    const isClean = strategy?.['type'] === 'OnDelete' && (strategy['rollingUpdate'] ?? undefined) === undefined
    if (!isClean) draft.set('/spec/updateStrategy', { type: 'OnDelete' })
  }
})

function strategyOf(subject: Subject): JsonRecord | undefined {
  const strategy = specOf(subject)?.['updateStrategy']
  return isRecord(strategy) ? strategy : undefined
}

/** Whether the write makes the DaemonSet controller restart Felix on every node: a new template, or an end of OnDelete. */
function restartsFelix(subject: Subject): boolean {
  const old = subject.operation === 'UPDATE' ? oldSubjectOf(subject) : undefined
  if (old === undefined || felixContainerOf(subject) === undefined || strategyOf(subject)?.['type'] === 'OnDelete')
    return false
  return strategyOf(old)?.['type'] === 'OnDelete' || !isSame(specOf(subject)?.['template'], specOf(old)?.['template'])
}

const holdRemedy =
  'Write it again when these nodes have free PIDs: pidguard top nodes shows who holds them. With updateStrategy OnDelete in the DaemonSet it passes at once, and restarts nothing.'

/** With `hold`: what would restart Felix waits while a node is below its floor of free PIDs. Unknown never denies. */
function held(subject: Subject, { settings, headroom }: Context): Finding[] {
  if (headroom === undefined || !isPodSubject(subject) || !restartsFelix(subject)) return []
  const { floor, maxAge } = settings.headroom
  const placement = headroom.placementOf(subject.podSpec, 'daemon-set')
  const { nodes, full, unknown, worst } = headroom.assessEach({ placement, pids: 0, floor, maxAge })
  const finding = { pointer: '/spec/template', remedy: holdRemedy }
  if (placement.isTooLong) return [{ pointer: '/spec/template/spec', ...tooLongToCheck, advisory: true }]
  if (worst !== undefined) {
    const reason = 'calico-node would restart while nodes are short of PIDs'
    const detail = `${full} of ${nodes} nodes below their floor, fullest: ${sayNode(worst)}`
    return [{ ...finding, reason, detail, advisory: isOperatorManaged(subject) }]
  }
  if (unknown === 0) return []
  return [{ ...finding, reason: 'headroom not known', detail: `of ${unknown} of ${nodes} nodes`, advisory: true }]
}
