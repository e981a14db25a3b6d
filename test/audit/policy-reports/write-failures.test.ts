import t from 'tap'
import { WriteFailures } from '../../../src/audit/policy-reports/write-failures.ts'
import { KubeError, type KubeFailure } from '../../../src/kube/kube-error.ts'
import { policyReport } from '../../support/report-store.ts'

/** Makes so many calls one after the other, each in a namespace of its own; gives back how many were really made. */
async function calls(failures: WriteFailures, count: number, outcome: (n: number) => KubeFailure | undefined) {
  let made = 0
  for (let n = 0; n < count; n++) {
    await failures.note('patch', { namespace: `ns-${n}`, name: 'x' }, async () => {
      made++
      const failure = outcome(n)
      if (failure !== undefined) throw new KubeError(failure, failure)
    })
  }
  return made
}

t.test('where sixteen namespaces refuse and none takes anything, no more are asked; all are counted', async (t) => {
  const failures = new WriteFailures(policyReport)
  t.equal(await calls(failures, 100, () => 'forbidden'), 16)
  t.match(failures.gaps(), [{ reason: 'forbidden', detail: /^100 not written/ }])
})

t.test('where one takes something, every namespace is asked', async (t) => {
  const failures = new WriteFailures(policyReport)
  t.equal(await calls(failures, 100, (n) => (n === 15 ? undefined : 'forbidden')), 100)
  t.match(failures.gaps(), [{ detail: /^99 not written/ }])
})

t.test(
  'an API server that fails sixteen calls in a row is let alone; a success between starts the count anew',
  async (t) => {
    const failures = new WriteFailures(policyReport)
    t.equal(await calls(failures, 100, (n) => (n === 15 ? undefined : 'server-error')), 32)
    t.match(failures.gaps(), [{ reason: 'server-error', detail: /^99 not written/ }])
  }
)

t.test('reasons are told apart, and so are writing and removing', async (t) => {
  const failures = new WriteFailures(policyReport)
  await calls(failures, 4, (n) => (n % 2 === 0 ? 'refused' : 'not-found'))
  await failures.note('delete', { namespace: 'a', name: 'x' }, async () => {
    throw new KubeError('forbidden', 'may not')
  })
  t.match(failures.gaps(), [
    { reason: 'refused', detail: /^2 not written/ },
    { reason: 'not-found', detail: /^2 not written/ },
    { reason: 'forbidden', detail: /^1 not removed; the first: may not; list, create, patch and delete/ }
  ])
})

t.test('what is no answer of an API server is not swallowed', async (t) => {
  const failures = new WriteFailures(policyReport)
  const at = { namespace: 'a', name: 'x' }
  await t.rejects(
    failures.note('patch', at, () => Promise.reject(new TypeError('ours'))),
    { message: 'ours' }
  )
  await t.rejects(
    failures.note('patch', at, () => Promise.reject(new KubeError('aborted', 'stop'))),
    { message: 'stop' }
  )
})
