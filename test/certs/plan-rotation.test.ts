import t from 'tap'
import { issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import { checkTerms, planRotation, type Step } from '../../src/certs/plan-rotation.ts'
import { birth, day, type RingChange, ringOf, terms } from '../support/keyrings.ts'

const second = 1_000
const minute = 60 * second

interface Case {
  readonly name: string
  readonly ring: RingChange
  /** Milliseconds after `birth`. */
  readonly at: number
  readonly published?: boolean
  readonly want: Step
}

/** The decision table: one row on each side of every limit. */
const table: readonly Case[] = [
  { name: 'a new ring needs nothing', ring: {}, at: 0, want: 'nothing' },
  { name: 'a clock five minutes behind accepts it', ring: {}, at: -5 * minute, want: 'nothing' },
  {
    name: 'one that is further behind makes what it can accept',
    ring: {},
    at: -5 * minute - second,
    want: 'start-over'
  },
  { name: 'a leaf just under two thirds of its life', ring: {}, at: 60 * day - second, want: 'nothing' },
  { name: 'a leaf at two thirds of its life', ring: {}, at: 60 * day, want: 'issue-leaf' },
  { name: 'the same, with a caBundle that is not ours', ring: {}, at: 60 * day, published: false, want: 'issue-leaf' },
  { name: 'a leaf that expired while nobody ran', ring: {}, at: 90 * day, want: 'issue-leaf' },
  { name: 'a leaf of a clock that was ahead', ring: { leaf: 30 }, at: 10 * day, want: 'issue-leaf' },
  { name: 'a leaf for other names', ring: { names: ['other.svc'] }, at: 0, want: 'issue-leaf' },
  {
    name: 'an authority just under two thirds of its life',
    ring: { leaf: 470 },
    at: 480 * day - second,
    want: 'nothing'
  },
  { name: 'an authority at two thirds of its life', ring: { leaf: 470 }, at: 480 * day, want: 'add-next' },
  {
    name: 'the same, while the last change is not over',
    ring: { leaf: 479.5, previous: -700 },
    at: 480 * day,
    want: 'nothing'
  },
  { name: 'an authority that is due before its leaf', ring: { leaf: 400 }, at: 480 * day, want: 'add-next' },
  { name: 'a next one just before its time', ring: { leaf: 470, next: 480 }, at: 481 * day - second, want: 'nothing' },
  {
    name: 'a next one that was trusted long enough',
    ring: { leaf: 470, next: 480 },
    at: 481 * day,
    want: 'promote-next'
  },
  {
    name: 'a next one that no API server trusts yet',
    ring: { leaf: 470, next: 480 },
    at: 500 * day,
    published: false,
    want: 'nothing'
  },
  {
    name: 'a leaf is renewed by the old authority while the next one waits',
    ring: { leaf: 430, next: 480 },
    at: 490 * day,
    published: false,
    want: 'issue-leaf'
  },
  {
    name: 'a previous one just before its end',
    ring: { leaf: 10, previous: -480 },
    at: 11 * day - second,
    want: 'nothing'
  },
  { name: 'a previous one that nobody needs', ring: { leaf: 10, previous: -480 }, at: 11 * day, want: 'drop-previous' },
  {
    name: 'a leaf that is due comes before a previous authority that is',
    ring: { previous: -480 },
    at: 61 * day,
    want: 'issue-leaf'
  },
  { name: 'an authority that expired while nobody ran', ring: {}, at: 720 * day, want: 'start-over' },
  { name: 'the same, with a next one at hand', ring: { next: 480 }, at: 720 * day, want: 'promote-next' },
  { name: 'the same, both expired', ring: { next: 480 }, at: 1300 * day, want: 'start-over' },
  {
    name: 'an expired authority does not wait for caBundle',
    ring: { next: 719.9 },
    at: 720 * day,
    published: false,
    want: 'promote-next'
  }
]

for (const [index, { name, ring, at, published = true, want }] of table.entries()) {
  void t.test(`${index + 1}. ${name}: ${want}`, async (t) => {
    t.equal(planRotation(await ringOf(ring), published, terms, birth + at), want)
  })
}

void t.test('without a ring there is one way only', async (t) => {
  t.equal(planRotation(undefined, false, terms, birth), 'start-over')
})

void t.test('a leaf of another authority, or with another key, is issued anew', async (t) => {
  const [ring, other] = await Promise.all([ringOf(), ringOf()])
  t.equal(planRotation({ ...ring, leaf: other.leaf }, true, terms, birth), 'issue-leaf')
  t.equal(planRotation({ ...ring, leaf: { ...ring.leaf, key: other.leaf.key } }, true, terms, birth), 'issue-leaf')
})

void t.test(
  'a leaf that lives shorter than it should, since its authority ends, is not issued without end',
  async (t) => {
    const authority = await issueAuthority('short', { from: birth, days: 720 })
    const leaf = await issueLeaf(authority, terms.names, { from: birth + 700 * day, days: 20 })
    const next = await issueAuthority('next', { from: birth + 480 * day, days: 720 })
    const ring = { authority, leaf, next, previous: undefined }
    t.equal(planRotation(ring, false, terms, birth + 701 * day), 'nothing')
  }
)

void t.test('terms under which something would expire too early are refused, all at once', async (t) => {
  t.strictSame(checkTerms(terms), terms)
  t.ok(checkTerms({ names: [], leafLife: 12, authorityLife: 36, overlap: 3 }))
  t.throws(() => checkTerms({ names: [], leafLife: 12, authorityLife: 35, overlap: 4 }), {
    code: 'ERR_USAGE',
    message: /--cert-leaf-life.*--cert-overlap/
  })
})
