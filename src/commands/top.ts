import { clock } from '../host/clock.ts'
import { loadPolicy } from '../host/policy-watched.ts'
import { readSnapshotFile } from '../host/snapshot-file.ts'
import { print } from '../host/stdout.ts'
import { type TakeOptions, takeSnapshot } from '../host/take-snapshot.ts'
import type { NamespaceFacts } from '../policy/settings.ts'
import { rules } from '../rules/index.ts'
import { ageNote } from '../snapshot/snapshot-age.ts'
import { renderTop, type TopFormat, type TopPolicy, type TopSubject } from '../top/top.ts'

interface Options extends TakeOptions {
  readonly output: TopFormat
  readonly namespace?: string
  readonly node?: string
  readonly limit: number
  readonly policy?: string
  readonly snapshot?: string
}

/** `pidguard top`: 0 when nodes could be read, 3 when none could. */
export async function runTop(subject: TopSubject, options: Options): Promise<number> {
  const namespaces = new Map<string, NamespaceFacts>()
  const policy = await loadPolicy(options.policy, rules, clock)
  policy.useNamespaces(namespaces)
  const snapshot =
    options.snapshot === undefined ? await takeSnapshot(options, clock) : await readSnapshotFile(options.snapshot)
  for (const each of snapshot.namespaces) namespaces.set(each.name, each)
  const { output, namespace, node, limit } = options
  const printed = { subject, format: output, namespace, node, limit: limit === 0 ? undefined : limit }
  const topPolicy: TopPolicy = {
    estimateOf: (name) => policy.settingsFor(name).pids.estimate,
    floor: policy.settingsFor(namespace ?? '').headroom.floor,
    holderShare: policy.settingsFor('').audit.holderShare
  }
  const age = options.snapshot === undefined ? undefined : ageNote(snapshot.takenAt, clock.now())
  if (age !== undefined) process.stderr.write(`note: ${age}\n`)
  print(renderTop(snapshot, topPolicy, printed))
  if (snapshot.nodes.length === 0 || snapshot.readings.size > 0) return 0
  const reasons = new Set([...snapshot.failures.values()].map(({ detail }) => detail))
  process.stderr.write(`pidguard: no node could be read\n${[...reasons].slice(0, 5).join('\n')}\n`)
  return 3
}
