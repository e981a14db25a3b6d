import t from 'tap'
import type { Assessment } from '../../src/headroom/headroom-view.ts'
import { shortageOf } from '../../src/headroom/shortage.ts'
import type { Floor } from '../../src/policy/settings.ts'
import { demand, fleetOf, plain } from '../support/headroom.ts'
import { settings } from '../support/settings.ts'

const asked = { placement: plain, pids: 100, pods: 1, uid: undefined }

function found(assessment: Assessment, change = {}) {
  const headroom = { assess: () => assessment }
  return shortageOf('/spec', 'no room', { settings: settings(), headroom }, 'shop', { ...asked, ...change })
}

t.test('room, or no node at all, is no finding', async (t) => {
  t.strictSame(found({ verdict: 'fits' }), [])
  t.strictSame(found({ verdict: 'nowhere' }), [])
})

t.test('what is not known is advice', async (t) => {
  const unknown = { verdict: 'unknown', why: 'no reading', nodes: 1, unknown: 1, node: 'n1' } as const
  t.match(found(unknown), [{ reason: 'headroom not known', detail: 'n1: no reading', advisory: true }])
})

t.test('a shortage says the figures, the group and the origin of the estimate', async (t) => {
  const full = fleetOf({ n1: { kubepods: [1000, 990] } }).headroom.assess(demand())
  t.match(found(full), [{ pointer: '/spec', reason: 'no room', detail: /^needs 100; n1 has 10 PIDs free/ }])
  const group = { key: 'scheduling.k8s.io shop/gang', size: 2, startsWhole: true }
  const need = { group, pods: 2, idle: 0, isUnknown: false }
  const [finding] = found(full, { pods: 2, need, estimate: { pids: 100, source: 'default' } })
  t.match(finding, {
    detail: /^2 pods of 100, room for 0; .*; the group gang needs them at once; 100 is the default of the policy$/,
    remedy: /Declare pidguard\.io\/pids/
  })
})

t.test(
  'where bindings are checked and full nodes are tainted, a new pod leaves three quarters of the floor',
  async (t) => {
    const { headroom } = fleetOf({ n1: { kubepods: [1000, 850] } })
    const ask = (pids: number, taintNodes: boolean, floor: Floor = { share: 0.1 }) => {
      const { headroom: usual, ...rest } = settings()
      const changed = { ...rest, headroom: { ...usual, taintNodes, floor } }
      return shortageOf('/spec', 'no room', { settings: changed, headroom }, 'shop', { ...asked, pids })
    }
    t.strictSame(ask(50, false), [])
    t.match(ask(51, false), [{ detail: /floor 100/ }])
    t.strictSame(ask(75, true), [])
    t.match(ask(76, true), [{ detail: /floor 75/ }])
    t.strictSame(ask(74, true, { pids: 101 }), [])
    t.match(ask(75, true, { pids: 101 }), [{ detail: /floor 76/ }], 'a count is rounded up')
  }
)

t.test('a placement that is too long is denied, if any pod is asked for', async (t) => {
  const placement = { ...plain, isTooLong: true }
  t.match(found({ verdict: 'fits' }, { placement }), [{ reason: 'placement is too long to check' }])
  t.strictSame(found({ verdict: 'fits' }, { placement, pods: 0 }), [])
})
