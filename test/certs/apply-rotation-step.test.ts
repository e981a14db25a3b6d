import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { takeStep } from '../../src/certs/apply-rotation-step.ts'
import type { Keyring } from '../../src/certs/keyring.ts'
import { trustedBy } from '../../src/certs/keyring.ts'
import { planRotation, type Step, type Terms } from '../../src/certs/plan-rotation.ts'
import { isTrusted } from '../../src/certs/trust.ts'
import { birth, day, ringOf, terms } from '../support/keyrings.ts'

/** Lives in the proportions of the default ones, a tenth as long: seven generations of authorities go by in a year. */
const short: Terms = { ...terms, leafLife: 9 * day, authorityLife: 72 * day, overlap: day }

void t.test('seven generations: never expired, never untrusted, and each step leads to rest', async (t) => {
  let ring: Keyring | undefined
  /** What the API server trusts; it learns of a new bundle a day late here. */
  let trusted = ''
  const steps = new Map<Step, number>()
  for (let at = birth; at < birth + 365 * day; at += day / 2) {
    const served = ring?.leaf.cert
    for (let count = 0; ; count++) {
      const published = ring !== undefined && trusted === trustedBy(ring)
      const step = planRotation(ring, published, short, at)
      if (step === 'nothing') break
      if (count > 4) return t.fail(`no rest at ${new Date(at).toISOString()}`)
      steps.set(step, (steps.get(step) ?? 0) + 1)
      ring = await takeStep(step, ring, short, at)
    }
    if (ring === undefined) return t.fail('no ring')
    const leaf = new X509Certificate(ring.leaf.cert)
    if (leaf.validToDate.getTime() <= at + day) t.fail(`expires: ${new Date(at).toISOString()}`)
    if (served !== undefined && !isTrusted(ring.leaf.cert, trusted)) t.fail(`new leaf: ${new Date(at).toISOString()}`)
    // Replicas that have not looked yet still serve the old one.
    if (served !== undefined && !isTrusted(served, trustedBy(ring))) t.fail(`old leaf: ${new Date(at).toISOString()}`)
    trusted = trustedBy(ring)
  }
  t.equal(steps.get('start-over'), 1)
  t.equal(steps.get('add-next'), steps.get('promote-next'))
  t.equal(steps.get('drop-previous'), steps.get('promote-next'))
  t.equal(steps.get('promote-next'), 7, 'every 48 days')
  t.ok((steps.get('issue-leaf') ?? 0) > 50)
})

void t.test('starting over keeps the old authority trusted, unless it has expired', async (t) => {
  const ring = await ringOf()
  const early = await takeStep('start-over', ring, terms, birth + 10 * day)
  t.equal(early.previous, ring.authority.cert)
  t.not(early.authority.cert, ring.authority.cert)
  const late = await takeStep('start-over', ring, terms, birth + 720 * day)
  t.equal(late.previous, undefined)
})

void t.test('the key of an authority that has had its time is thrown away', async (t) => {
  const ring = await ringOf({ next: 480 })
  const after = await takeStep('promote-next', ring, terms, birth + 481 * day)
  t.equal(after.authority.key, ring.next?.key)
  t.equal(after.next, undefined)
  t.equal(after.previous, ring.authority.cert)
  t.notOk(JSON.stringify(after).includes(JSON.stringify(ring.authority.key).slice(1, -1)))
})

void t.test('a leaf never outlives its authority', async (t) => {
  const ring = await takeStep('issue-leaf', await ringOf(), terms, birth + 700 * day)
  const end = (cert: string): number => new X509Certificate(cert).validToDate.getTime()
  t.equal(end(ring.leaf.cert), end(ring.authority.cert))
})

void t.test('nothing changes nothing', async (t) => {
  const ring = await ringOf()
  t.equal(await takeStep('nothing', ring, terms, birth), ring)
})
