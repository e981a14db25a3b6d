import t from 'tap'
import { isYoung, longestUnseen } from '../../../src/audit/fleet/young-pods.ts'
import { reading } from '../../support/headroom.ts'

const at = Date.parse('2026-11-21T10:00:00Z')
const seen = reading('node-a', at, { pods: new Map([['read', 5]]) })

/** The status of containers started so many milliseconds after the reading; undefined: one that does not run. */
function started(...afters: readonly (number | undefined)[]): object {
  return {
    containerStatuses: afters.map((after) => ({
      state: after === undefined ? { waiting: {} } : { running: { startedAt: new Date(at + after).toISOString() } }
    }))
  }
}

const cases = [
  { name: 'started after the reading', status: started(1_000), want: true },
  { name: 'too shortly before to be counted', status: started(-longestUnseen + 1), want: true },
  { name: 'long enough before', status: started(-longestUnseen), want: false },
  { name: 'one container of it long before', status: started(1_000, -60_000), want: false },
  { name: 'one container that does not run', status: started(undefined, 1_000), want: true },
  { name: 'no container says, the pod does', status: { startTime: '2026-11-21T10:00:01Z' }, want: true },
  { name: 'nobody says', status: {}, want: false },
  { name: 'no status', status: undefined, want: false },
  { name: 'malformed', status: { containerStatuses: [1, { state: { running: { startedAt: 7 } } }] }, want: false }
]
for (const { name, status, want } of cases) {
  t.test(name, async (t) => t.equal(isYoung({ metadata: { uid: 'u' }, status }, seen), want))
}

t.test('what was read is not missing, and of a node that was not read everything is', async (t) => {
  const status = started(1_000)
  t.equal(isYoung({ metadata: { uid: 'read' }, status }, seen), false)
  t.equal(isYoung({ metadata: { uid: 'u' }, status }, undefined), false)
  t.equal(isYoung({ metadata: { uid: 'u' }, status }, { ...seen, pods: undefined }), false)
  t.equal(isYoung({ status }, seen), false)
})
