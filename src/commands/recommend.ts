import { clock } from '../host/clock.ts'
import { loadPolicy } from '../host/policy-watched.ts'
import { readSnapshotFile } from '../host/snapshot-file.ts'
import { print } from '../host/stdout.ts'
import { type TakeOptions, takeSnapshot } from '../host/take-snapshot.ts'
import { pause } from '../lib/sleep.ts'
import type { Millis } from '../lib/units.ts'
import { type Moments, momentsOf } from '../recommend/moments.ts'
import { recommend } from '../recommend/recommend.ts'
import { type RecommendFormat, renderRecommendations } from '../recommend/render.ts'
import { rules } from '../rules/index.ts'

interface Options extends TakeOptions {
  readonly output: RecommendFormat
  readonly snapshot?: readonly string[]
  readonly during?: Millis
  readonly every: Millis
  readonly pool?: string
  readonly policy?: string
}

/** `pidguard recommend`: 0 when something is recommended for a pool, 4 when too little was seen. */
export async function runRecommend(options: Options): Promise<number> {
  const policy = await loadPolicy(options.policy, rules, clock)
  const moments = options.snapshot === undefined ? await watched(options) : await read(options.snapshot)
  const { podShare, pidMax } = policy.settingsFor('').audit
  const { pools, ...rest } = recommend(moments, { podShare, pidMax })
  const found = { ...rest, pools: pools.filter(({ pool }) => options.pool === undefined || pool === options.pool) }
  print(renderRecommendations(found, options.output))
  return found.pools.some(({ numbers }) => numbers !== null) ? 0 : 4
}

async function read(paths: readonly string[]): Promise<Moments> {
  return momentsOf(await Promise.all(paths.map(readSnapshotFile)))
}

/** The cluster now, and again until the time is over. Of each moment only figures are kept. */
async function watched(options: Options): Promise<Moments> {
  const end = clock.monotonic() + (options.during ?? 0)
  const { signal } = new AbortController()
  let seen = momentsOf([await takeSnapshot(options, clock)])
  while (clock.monotonic() < end) {
    await pause(Math.min(options.every, Math.max(0, end - clock.monotonic())), signal)
    const { nodes, workloads } = momentsOf([await takeSnapshot(options, clock)])
    seen = { nodes: [...seen.nodes, ...nodes], workloads: [...seen.workloads, ...workloads] }
  }
  return seen
}
