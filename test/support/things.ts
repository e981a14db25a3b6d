import type { Test } from 'tap'
import { metadataOf } from '../../src/kube/cache/cached-kinds.ts'
import type { Kind } from '../../src/kube/cache/kind.ts'
import { Reflector } from '../../src/kube/cache/reflector.ts'
import type { JsonRecord } from '../../src/lib/json/shape.ts'
import type { CacheEvents } from '../../src/ports/cluster-cache.ts'
import { type Answer, type FakeApi, memoryLog, startFakeApi, systemClock } from './fake-api.ts'

/** An object of a kind that exists only in tests. */
export interface Thing {
  readonly name: string
  readonly size: number
}

export const things: Kind<Thing> = {
  resource: 'things',
  path: '/api/v1/things',
  firstPage: 2,
  keyOf: ({ name }) => name,
  project(object) {
    return { name: metadataOf(object).name, size: Number(object['size']) }
  },
  same: (a, b) => a.size === b.size
}

/** A thing as the API server has it. */
export function thing(name: string, size: number, resourceVersion = '1'): JsonRecord {
  return { metadata: { name, resourceVersion }, size }
}

export interface ReflectedThings {
  readonly api: FakeApi
  readonly log: ReturnType<typeof memoryLog>
  readonly reflector: Reflector<Thing>
}

/** A reflector of things at a fake API server that answers so; it ends with the test. */
export async function reflectThings(
  t: Test,
  answer: Answer,
  events: CacheEvents<Thing> = {},
  change: { kind?: Kind<Thing>; silence?: number; serverVersion?: () => Promise<number | undefined> } = {}
): Promise<ReflectedThings> {
  const { kind = things, ...deps } = change
  const api = await startFakeApi(answer)
  const log = memoryLog()
  const reflector = new Reflector(
    kind,
    { api: api.client, clock: systemClock, log, random: () => 0.5, silence: 5_000, firstWait: 10, ...deps },
    [events]
  )
  t.teardown(async () => {
    await reflector.stop()
    await api.stop()
  })
  reflector.start()
  return { api, log, reflector }
}
