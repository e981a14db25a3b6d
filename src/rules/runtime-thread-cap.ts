// Reads: environment and command line of containers whose pod matches a profile with a threadCap.  Fine: a cap is set, and is what it seems.
import { definePodRule } from '../engine/rule.ts'
import { profileOf } from '../headroom/pod-estimate.ts'
import { threadCap } from '../kubernetes/annotations.ts'
import { type ContainerView, containersOf } from '../kubernetes/containers.ts'
import { globMatches } from '../kubernetes/label-selector.ts'
import { adviceFor, capFor, dotnetCapOf, hasThreadCap } from '../kubernetes/language-runtimes.ts'
import type { PodSubject } from '../kubernetes/subject.ts'
import { pod, podKinds } from '../kubernetes/workloads.ts'
import type { Finding } from '../model/finding.ts'
import type { Profile, Settings } from '../policy/settings.ts'

type Cap = NonNullable<Profile['threadCap']>

export const runtimeThreadCap = definePodRule({
  id: 'runtime-thread-cap',
  title: 'Runtime thread cap',
  why: 'A thread pool without a cap grows while its threads block: in a real outage one .NET process held 21,317 threads and took its node down. A cap of a few hundred would only have made it slow.',
  remedy: `Set the thread cap of the runtime that the finding names. With the annotation ${threadCap}: inject on the pod, and this rule in mode enforce, pidguard sets it where a single variable is enough.`,
  limits:
    'It checks only pods that match a profile of the policy; an image name alone does not identify a runtime. A cap bounds the pool, not threads the program starts itself, and a cap that is too low starves it. For Go there is no such knob: GOMAXPROCS does not count threads in system calls.',
  defaultMode: 'warn',
  scope: 'pods',
  kinds: podKinds,
  requiredFacts: [],
  reads: ({ podMetadata, podSpec, podSpecAt }) => [
    podMetadata.labels,
    ...containersOf(podSpec, podSpecAt).map(({ container }) => [
      container.image,
      container.env,
      container.command,
      container.args
    ])
  ],
  check(subject, { settings }) {
    const held = cappedContainersOf(subject, settings)
    if (held === undefined) return []
    return held.containers.map((view) => problemOf(view, held.cap)).filter((finding) => finding !== undefined)
  },
  fixes: (subject) =>
    subject.groupKind === pod &&
    subject.operation === 'CREATE' &&
    subject.subresource === '' &&
    subject.metadata.annotations?.[threadCap] === 'inject',
  fix(subject, draft, { settings }) {
    const held = cappedContainersOf(subject, settings)
    const variable = held === undefined ? undefined : capFor(held.cap.runtime, held.cap.threads)
    if (held === undefined || variable === undefined) return
    for (const { container, at } of held.containers) {
      if (!hasThreadCap(held.cap.runtime, container)) draft.append(`${at}/env`, variable)
    }
  }
})

/** The containers a profile's cap is meant for: those of its images, or all app containers where it names none. */
function cappedContainersOf(
  subject: PodSubject,
  settings: Settings
): { cap: Cap; containers: ContainerView[] } | undefined {
  const profile = profileOf(subject, settings.pids.profiles, (candidate) => candidate.threadCap !== undefined)
  if (profile?.threadCap === undefined) return undefined
  const { images } = profile.match
  const containers = containersOf(subject.podSpec, subject.podSpecAt).filter(
    ({ container, role }) =>
      (role === 'app' || role === 'sidecar') &&
      (images.length === 0 || images.some((pattern) => globMatches(pattern, container.image ?? '')))
  )
  return { cap: profile.threadCap, containers }
}

/** Always advisory: only the author of a program knows whether a cap is right for it. */
function problemOf({ container, at }: ContainerView, { runtime, threads }: Cap): Finding | undefined {
  if (!hasThreadCap(runtime, container)) {
    const detail = `container ${container.name}, ${runtime}: set ${adviceFor(runtime)}`
    return { pointer: `${at}/env`, reason: 'no thread cap', detail, advisory: true }
  }
  const dotnet = runtime === 'dotnet' ? dotnetCapOf(container) : undefined
  if (dotnet === undefined || (dotnet.threads !== undefined && dotnet.threads <= threads)) return undefined
  const text = JSON.stringify(dotnet.text.slice(0, 20))
  const meaning =
    dotnet.threads === undefined
      ? 'is ignored: not hexadecimal from 1 to 7FFF'
      : `is hexadecimal: ${dotnet.threads} threads`
  return {
    pointer: `${at}/env`,
    reason: 'thread cap is not the number written',
    detail: `container ${container.name}: ${text} ${meaning}`,
    advisory: true
  }
}
