// Reads: pidguard.io/pids on Pods and templates.  Fine: absent, or a whole number of tasks from 1 to 4194304.
import { definePodRule } from '../engine/rule.ts'
import { estimateOf, profileOf, readPids } from '../headroom/pod-estimate.ts'
import { declaredPids, pidsEstimate, pidsEstimateSource, pidsLimit } from '../kubernetes/annotations.ts'
import { maxPids } from '../kubernetes/qos/pids-limit.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import { pod, podKinds } from '../kubernetes/workloads.ts'
import type { Draft } from '../lib/json/patch.ts'
import { escapeToken } from '../lib/json/pointer.ts'

export const pidAnnotations = definePodRule<never, 'headroom'>({
  id: 'pid-annotations',
  title: 'PID annotations',
  why: 'Kubernetes has no field for the number of threads a pod needs. The annotations carry that figure to everything that counts PIDs, and to the people who read the pod.',
  remedy: `Write ${declaredPids} as a whole number of tasks (threads) from 1 to ${maxPids}, or remove it.`,
  limits: `The annotations do not limit a pod: the kernel stops it only at podPidsLimit of the kubelet or a pids limit of the runtime. They are written on Pods at creation, never on templates.`,
  defaultMode: 'enforce',
  scope: 'pods',
  kinds: podKinds,
  requiredFacts: [],
  optionalFacts: ['headroom'],
  reads: ({ podMetadata }) => [podMetadata.annotations?.[declaredPids]],
  check({ podMetadata, podMetadataAt }) {
    const declared = podMetadata.annotations?.[declaredPids]
    if (declared === undefined || readPids(declared) !== undefined) return []
    return [
      {
        pointer: `${podMetadataAt}/annotations/${escapeToken(declaredPids)}`,
        reason: 'declared PIDs are not a valid count',
        detail: `${declaredPids}=${JSON.stringify(declared.slice(0, 40))}`
      }
    ]
  },
  fixes: (subject) => subject.groupKind === pod && subject.operation === 'CREATE' && subject.subresource === '',
  fix(subject, draft, { settings, headroom }) {
    const { pids, source } = estimateOf(subject, settings, headroom)
    annotate(subject, draft, pidsEstimate, String(pids))
    if (source !== undefined) annotate(subject, draft, pidsEstimateSource, source)
    const limit =
      profileOf(subject, settings.pids.profiles, (profile) => profile.limit !== undefined)?.limit ?? settings.pids.limit
    if (limit !== undefined) annotate(subject, draft, pidsLimit, String(limit))
  }
})

function annotate({ object, podMetadataAt }: PodSubject, draft: Draft, name: string, value: string): void {
  if (object.metadata?.annotations?.[name] === value) return
  draft.set(`${podMetadataAt}/annotations/${escapeToken(name)}`, value)
}
