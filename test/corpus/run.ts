// Runs the built program's admission path over every recorded AdmissionReview: the right uid, patches that apply, nothing
// left to change on a second pass. Prints the counts and fails on the first kind of thing that does not hold.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import jsonpatch from 'fast-json-patch'
import { startServer } from '../support/server.ts'

interface Review {
  request: {
    uid: string
    operation: string
    kind: { kind: string }
    namespace?: string
    object: Record<string, unknown> | null
  }
}

const folder = join(process.env['PIDGUARD_CORPUS'] ?? '../shared/corpus', 'admission-reviews')
const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
const policy = `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  requests: {bestEffortPods: inject}
  calico: {iptablesBackend: NFT}
`
const server = await startServer({ policy })
const counts = { reviews: 0, allowed: 0, denied: 0, patched: 0, operations: 0, emptySecondPass: 0, warned: 0 }
const failures: string[] = []

try {
  for (const file of files) {
    const review = JSON.parse(await readFile(join(folder, file), 'utf8')) as Review
    const webhook = file.startsWith('mutate_') ? 'mutate' : 'validate'
    const { response } = await server.review(webhook, review)
    counts.reviews++
    if (response.uid !== review.request.uid) failures.push(`${file}: answered with uid ${response.uid}`)
    if (response.allowed) counts.allowed++
    else counts.denied++
    if (response.warnings !== undefined) counts.warned++
    if (webhook === 'validate' && response.patch !== undefined)
      failures.push(`${file}: a validation answer carries a patch`)
    if (response.patch === undefined) continue
    const operations = JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8'))
    counts.patched++
    counts.operations += operations.length
    try {
      jsonpatch.applyPatch(review.request.object, operations, true)
    } catch (error) {
      failures.push(`${file}: patch does not apply: ${(error as Error).message}`)
      continue
    }
    const second = await server.review(webhook, review)
    if (second.response.patch === undefined) counts.emptySecondPass++
    else failures.push(`${file}: a second pass changes the object again`)
  }
} finally {
  await server.stop()
}
console.log(
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
)
for (const failure of failures) console.error(failure)
if (counts.reviews === 0) failures.push('no review was found')
process.exitCode = failures.length === 0 ? 0 : 1
