import fc from 'fast-check'
import t from 'tap'
import { isTuned, mayTune, tune } from '../../src/policy/namespace-tuning.ts'
import { policyOf } from '../support/policies.ts'

const { base, tuning } = policyOf(`pids: {limit: 450}
namespaceTuning:
  pids: {min: 10, max: 500}
  cpu: {min: 5m, max: 500m}
  memory: {max: 1Gi}
  floor: {min: 5%, max: 50%}`)

const cases = [
  { key: 'default-pids', text: '10', want: { pids: { estimate: 10 } }, notes: [] },
  { key: 'default-pids', text: '9', want: { pids: { estimate: 10 } }, notes: [/below the least allowed: 10/] },
  { key: 'default-pids', text: '450', want: { pids: { estimate: 450 } }, notes: [] },
  {
    key: 'default-pids',
    text: '451',
    want: { pids: { estimate: 450 } },
    notes: [/above the limit of the policy: 450/]
  },
  {
    key: 'default-pids',
    text: '501',
    want: { pids: { estimate: 450 } },
    notes: [/above the most allowed: 500/, /above the limit/]
  },
  { key: 'default-pids', text: 'many', want: { pids: { estimate: 50 } }, notes: [/ignored: not a count/] },
  { key: 'default-cpu-request', text: '0.5', want: { requests: { cpu: '0.5' } }, notes: [] },
  {
    key: 'default-cpu-request',
    text: '501m',
    want: { requests: { cpu: '500m' } },
    notes: [/above the most allowed: 500m/]
  },
  { key: 'default-cpu-request', text: '4m', want: { requests: { cpu: '5m' } }, notes: [/below the least allowed: 5m/] },
  { key: 'default-cpu-request', text: '0', want: { requests: { cpu: '10m' } }, notes: [/ignored: not a quantity/] },
  { key: 'default-memory-request', text: '1Gi', want: { requests: { memory: '1Gi' } }, notes: [] },
  { key: 'default-memory-request', text: '1025Mi', want: { requests: { memory: '1Gi' } }, notes: [/above the most/] },
  { key: 'default-memory-request', text: '1', want: { requests: { memory: '1' } }, notes: [] },
  { key: 'headroom-floor', text: '5%', want: { headroom: { floor: { share: 0.05 } } }, notes: [] },
  {
    key: 'headroom-floor',
    text: '4.9%',
    want: { headroom: { floor: { share: 0.05 } } },
    notes: [/below the least allowed: 5%/]
  },
  { key: 'headroom-floor', text: '50%', want: { headroom: { floor: { share: 0.5 } } }, notes: [] },
  {
    key: 'headroom-floor',
    text: '51%',
    want: { headroom: { floor: { share: 0.5 } } },
    notes: [/above the most allowed: 50%/]
  },
  {
    key: 'headroom-floor',
    text: '100',
    want: { headroom: { floor: { share: 0.1 } } },
    notes: [/bounds it as a share/]
  },
  {
    key: 'headroom-floor',
    text: 'x',
    want: { headroom: { floor: { share: 0.1 } } },
    notes: [/neither a share nor a count/]
  }
]
for (const { key, text, want, notes } of cases) {
  t.test(`${key} ${text}`, async (t) => {
    const tuned = tune(base, tuning, { [`pidguard.io/${key}`]: text })
    t.match(tuned.settings, want)
    t.equal(tuned.notes.length, notes.length)
    t.match(tuned.notes, notes)
  })
}

t.test('a floor bounded by counts takes counts', async (t) => {
  const counted = policyOf('namespaceTuning: {floor: {min: 100, max: 200}}')
  const floorOf = (text: string) => tune(counted.base, counted.tuning, { 'pidguard.io/headroom-floor': text })
  t.strictSame(floorOf('99').settings.headroom.floor, { pids: 100 })
  t.strictSame(floorOf('200').settings.headroom.floor, { pids: 200 })
  t.match(floorOf('201').notes, [/200 is used/])
  t.match(floorOf('10%').notes, [/bounds it as a count/])
})

t.test('what the policy does not allow is ignored, and told', async (t) => {
  const { settings, notes } = tune(base, policyOf().tuning, { 'pidguard.io/default-pids': '7' })
  t.equal(settings.pids.estimate, 50)
  t.match(notes, [/the policy does not allow it/])
})

t.test('hostile annotations never throw, get out of bounds or into notes', async (t) => {
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom('1e999999999', '9'.repeat(100_000), '__proto__', '-1', '1e-9', '%')
  )
  const keys = ['default-pids', 'default-cpu-request', 'default-memory-request', 'headroom-floor']
  fc.assert(
    fc.property(fc.constantFrom(...keys), hostile, (key, text) => {
      const { settings, notes } = tune(base, tuning, { [`pidguard.io/${key}`]: text })
      return (
        settings.pids.estimate <= 450 && settings.requests.cpu.length < 33 && notes.every((note) => note.length < 120)
      )
    })
  )
  const odd: Record<string, never> = { 'pidguard.io/default-pids': 7 as never }
  t.match(tune(base, tuning, odd).notes, [/not a text/])
})

t.test('whether there is anything to tune', async (t) => {
  t.equal(isTuned({ 'pidguard.io/headroom-floor': '' }), true)
  t.equal(isTuned({ 'pidguard.io/pids': '1' }), false)
  t.equal(mayTune(tuning), true)
  t.equal(mayTune(policyOf('namespaceTuning: {}').tuning), false)
})
