// npm run fuzz -- [--count 100000] [--seed 1]: reviews that no API server would send, at the whole path of a review without its
// socket. Prints what it tried, and the first reviews for which something does not hold; ends with 1 where there is one.
import { parseArgs } from 'node:util'
import { admissionOf } from '../support/admissions.ts'
import { mustBeDenied, mutated, sourceOf } from './reviews.ts'

const { values } = parseArgs({
  options: { count: { type: 'string', default: '2000' }, seed: { type: 'string', default: '1' } }
})
const count = Number(values.count)
const random = sourceOf(Number(values.seed))
/** Milliseconds: a usual review takes one, and the largest that is read some 50. */
const longest = 1_000
const secret = 'S3CR3TMARK'

const { admission, log, meter } = admissionOf()
const found: string[] = []
const seen = { allowed: 0, denied: 0, refused: 0 }

for (let index = 0; index < count; index++) {
  const isKnown = index % 3 === 0
  const body = isKnown ? mustBeDenied(random, index, secret) : mutated(random, index, secret)
  const webhook = isKnown || random() < 0.5 ? 'validate' : 'mutate'
  const complaint = (what: string): void => {
    found.push(`${index} ${webhook}: ${what}: ${body.toString('utf8').slice(0, 2_000)}`)
  }
  const from = performance.now()
  try {
    const { status, body: text, report } = admission(webhook, body, 0)
    report()
    // Kept for tests; here they would only grow.
    log.lines.length = 0
    meter.counted.length = 0
    const took = performance.now() - from
    if (took > longest) complaint(`took ${Math.round(took)} ms`)
    if (status >= 500) complaint(`HTTP ${status}`)
    if (text.includes(secret)) complaint('the value of a variable is in the answer')
    const { kind, response } = JSON.parse(text)
    if (kind !== 'AdmissionReview') seen.refused++
    else if (response.allowed === true) seen.allowed++
    else seen.denied++
    if (isKnown && (kind !== 'AdmissionReview' || response.allowed !== false))
      complaint('a BestEffort pod is not denied')
    if (isKnown && response?.uid !== `uid-${index}`) complaint(`uid ${JSON.stringify(response?.uid)}`)
    if (webhook === 'validate' && response?.patch !== undefined) complaint('a patch of the half that checks')
  } catch (error) {
    complaint(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
}

process.stdout.write(`${count} reviews of seed ${values.seed}: ${JSON.stringify(seen)}, ${found.length} do not hold\n`)
for (const each of found.slice(0, 20)) process.stdout.write(`${each}\n`)
process.exitCode = found.length === 0 ? 0 : 1
