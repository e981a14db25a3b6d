import t from 'tap'
import type { RolloutStep } from '../../src/calico/rollout-steps.ts'
import { patience, type RolloutDeps, runRollout } from '../../src/calico/run-rollout.ts'
import { felixPod } from '../support/calico-clusters.ts'

const step = (node: string, afterwards?: string): RolloutStep => ({ pod: felixPod(node, 'old'), afterwards })

/** A cluster that does what the test says; a pause takes its time at once. */
function cluster(change: Partial<RolloutDeps> = {}) {
  const said: string[] = []
  const deleted: string[] = []
  let now = 0
  const deps: RolloutDeps = {
    freePids: async () => 100,
    podsBeside: async ({ node, uid }) =>
      deleted.includes(node)
        ? [{ uid: 'new', name: `new-${node}`, isReady: true }]
        : [{ uid, name: 'old', isReady: true }],
    deletePod: async ({ node }) => void deleted.push(node),
    async pause(span) {
      now += span
    },
    now: () => now,
    say: (line) => void said.push(line),
    ...change
  }
  return { deps, said, deleted, elapsed: () => now }
}

t.test('one after the other, and what each node needs afterwards', async (t) => {
  const { deps, said, deleted } = cluster()
  t.equal(await runRollout([step('a', 'Reboot a.'), step('b')], deps), undefined)
  t.strictSame(deleted, ['a', 'b'])
  t.strictSame(said, [
    'a: calico-node-a is deleted (1 of 2)',
    'a: new-a is ready',
    'Reboot a.',
    'b: calico-node-b is deleted (2 of 2)',
    'b: new-b is ready'
  ])
})

t.test('it waits for PIDs, and stops where they do not come', async (t) => {
  const free = [-5, -1, 0]
  const waits = cluster({ freePids: async () => free.shift() ?? 0 })
  t.equal(await runRollout([step('a')], waits.deps), undefined)
  t.match(waits.said[0], /^a: 5 PIDs short of its floor.*; waiting$/)
  const never = cluster({ freePids: async () => -1 })
  t.match(
    await runRollout([step('a'), step('b')], never.deps),
    /^a: 1 PIDs short of its floor.*pidguard top pods --node a/
  )
  t.strictSame(never.deleted, [], 'no pod was deleted')
  t.ok(never.elapsed() >= patience)
})

t.test('PIDs that are not known stop it: unknown is not enough', async (t) => {
  const { deps, deleted } = cluster({ freePids: async () => ({ unknown: 'HTTP 403' }) })
  t.equal(await runRollout([step('a')], deps), 'a: its free PIDs are not known: HTTP 403')
  t.strictSame(deleted, [])
})

t.test('it stops at the first pod that does not become ready', async (t) => {
  const old = cluster({ podsBeside: async ({ uid }) => [{ uid, name: 'old', isReady: true }] })
  t.match(
    await runRollout([step('a'), step('b')], old.deps),
    /^a: no new pod of calico-node became ready within 300 s$/
  )
  t.strictSame(old.deleted, ['a'])
  const unready = cluster({ podsBeside: async () => [{ uid: 'new', name: 'new', isReady: false }] })
  t.match(await runRollout([step('a')], unready.deps), /^a: no new pod/)
})
