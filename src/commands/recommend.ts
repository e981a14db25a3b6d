import { AppError } from '../errors.ts'
import { clock } from '../host/clock.ts'
import { loadPolicy } from '../host/policy-watched.ts'
import { readSnapshotFile } from '../host/snapshot-file.ts'
import { print } from '../host/stdout.ts'
import { type TakeOptions, takeSnapshot, takeSnapshots } from '../host/take-snapshot.ts'
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
  readonly past?: Millis
  readonly every: Millis
  readonly pool?: string
  readonly policy?: string
}

/** `pidguard recommend`: 0 when something is recommended for a pool, 4 when too little was seen. */
export async function runRecommend(options: Options): Promise<number> {
  const policy = await loadPolicy(options.policy, rules, clock)
  const moments = await momentsBy(options)
  const { podShare, pidMax } = policy.settingsFor('').audit
  const { pools, ...rest } = recommend(moments, { podShare, pidMax })
  const found = { ...rest, pools: pools.filter(({ pool }) => options.pool === undefined || pool === options.pool) }
  print(renderRecommendations(found, options.output))
  return found.pools.some(({ numbers }) => numbers !== null) ? 0 : 4
}

/** Moments that Prometheus is asked for: each costs it some ten queries over the fleet. Own choice. */
const mostMoments = 200

async function momentsBy(options: Options): Promise<Moments> {
  const { snapshot, past } = options
  if (snapshot !== undefined) return momentsOf(await Promise.all(snapshot.map(readSnapshotFile)))
  if (past === undefined) return watched(options)
  if (options.readings !== 'prometheus') {
    throw new AppError('ERR_USAGE', '--past needs --readings prometheus: kubelets know of now alone')
  }
  const step = Math.max(options.every, past / mostMoments)
  const now = clock.now()
  const instants = Array.from({ length: Math.floor(past / step) + 1 }, (_, index) => now - index * step)
  let seen: Moments = { nodes: [], workloads: [] }
  for await (const each of takeSnapshots(options, clock, instants)) seen = joined(seen, momentsOf([each]))
  return seen
}

/** The cluster now, and again until the time is over. Of each moment only figures are kept. */
async function watched(options: Options): Promise<Moments> {
  const end = clock.monotonic() + (options.during ?? 0)
  const { signal } = new AbortController()
  let seen = momentsOf([await takeSnapshot(options, clock)])
  while (clock.monotonic() < end) {
    await pause(Math.min(options.every, Math.max(0, end - clock.monotonic())), signal)
    seen = joined(seen, momentsOf([await takeSnapshot(options, clock)]))
  }
  return seen
}

function joined(a: Moments, b: Moments): Moments {
  return { nodes: [...a.nodes, ...b.nodes], workloads: [...a.workloads, ...b.workloads] }
}
