import { censusOf } from '../headroom/assess/fleet-census.ts'
import { nearLimitCounts } from '../headroom/assess/near-limit-counts.ts'
import type { PolledFiles } from '../host/poll-files.ts'
import { loadSnapshotFile } from '../host/snapshot-file.ts'
import type { Millis } from '../lib/units.ts'
import type { ReadingSink } from '../ports/readings.ts'
import { ReadingCounts } from '../readings/reading-counts.ts'
import { type Rounds, startRounds } from '../readings/reading-loop.ts'
import { type ClusterSnapshot, snapshotReadings } from '../snapshot/snapshot.ts'
import { buildBookkeeping, type FactDeps, type FactSource } from './fact-source.ts'

/** Milliseconds between two looks at the file. */
const pollEvery: Millis = 1_000

/**
 * A snapshot in place of a cluster: for a first look, and to try a policy against a recorded fleet. Its readings stay as
 * fresh as they were when it was taken. A changed file is in force within seconds.
 */
export async function snapshotFacts(path: string, interval: Millis, deps: FactDeps): Promise<FactSource> {
  const { clock, log, settingsFor } = deps
  const file = await loadSnapshotFile(path)
  const books = buildBookkeeping(deps, () => true)
  const { ledger, headroom } = books
  const sink: ReadingSink = {
    observeReading: (reading) => ledger.observeReading(reading),
    observeFailure() {}
  }
  const tally = new ReadingCounts(sink)
  let namespaces = namespacesOf(file.current)
  let rounds: Rounds | undefined
  let polled: PolledFiles | undefined

  function take(snapshot: ClusterSnapshot): void {
    const { nodes, pods } = snapshot
    const [names, uids] = [new Set(nodes.map(({ name }) => name)), new Set(pods.map(({ uid }) => uid))]
    ledger.retainNodes((name) => names.has(name))
    ledger.retainPods((uid) => uids.has(uid))
    for (const node of nodes) ledger.observeNode(node)
    for (const pod of pods) ledger.observePod(pod)
    namespaces = namespacesOf(snapshot)
  }

  async function begin(): Promise<void> {
    await rounds?.stop()
    const readings = snapshotReadings(file.current, clock)
    const onFault = (error: unknown): void => log.error({ err: error }, 'reading the snapshot failed')
    rounds = startRounds({ readings, targets: () => file.current.nodes, sink: tally, interval, onFault })
  }

  take(file.current)
  // Read now and not only in the first round: the first review may come before that.
  await snapshotReadings(file.current, clock).read(file.current.nodes, tally, {
    signal: new AbortController().signal,
    spread: 0
  })
  return {
    namespaces: { get: (name) => namespaces.get(name) },
    facts(namespace) {
      if (!namespaces.has(namespace)) return { headroom }
      return { headroom, limitRanges: file.current.limitRanges.get(namespace) ?? [] }
    },
    // Nothing is ever stored here, so all callers are believed.
    admitted: (subject, settings) => books.admitted(subject, settings),
    obstacle: () => undefined,
    status: () => ({
      source: 'snapshot',
      caches: [],
      readings: tally.counts,
      trouble: tally.trouble?.reasons ?? {},
      census: censusOf(ledger, settingsFor('').headroom, clock.now()),
      nearLimits: nearLimitCounts(
        ledger,
        (uid) => file.current.pods.find((pod) => pod.uid === uid),
        settingsFor(''),
        clock.now()
      ),
      reservations: ledger.reservations,
      waiting: ledger.waiting
    }),
    start() {
      books.start()
      void begin()
      polled = file.watch(pollEvery, log, (snapshot) => {
        take(snapshot)
        void begin()
      })
    },
    async stop() {
      polled?.stop()
      books.stop()
      await rounds?.stop()
    }
  }
}

function namespacesOf({ namespaces }: ClusterSnapshot) {
  return new Map(namespaces.map((namespace) => [namespace.name, namespace]))
}
