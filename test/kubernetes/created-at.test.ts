import t from 'tap'
import { createdAt } from '../../src/kubernetes/created-at.ts'

const cases = [
  { creationTimestamp: '2026-11-28T10:00:00Z', want: Date.UTC(2026, 10, 28, 10) },
  { creationTimestamp: null, want: undefined },
  { creationTimestamp: undefined, want: undefined },
  { creationTimestamp: 'yesterday', want: undefined }
]
for (const { creationTimestamp, want } of cases) {
  t.test(`${creationTimestamp}`, async (t) => {
    t.equal(createdAt(creationTimestamp === undefined ? {} : { creationTimestamp }), want)
  })
}
