import t from 'tap'
import { noConfigs, noReadings } from '../../src/readings/no-readings.ts'
import { memorySink } from '../support/fake-kubelet.ts'

t.test('of every node it is told why nothing is known of it', async (t) => {
  const target = { name: 'a', address: undefined, kubeletPort: 1 }
  const { signal } = new AbortController()
  const sink = memorySink()
  await noReadings('nobody to ask').read([target], sink, { signal, spread: 0 })
  t.strictSame([...sink.failures], [['a', { reason: 'not-reported', detail: 'nobody to ask' }]])
  const told: string[] = []
  const observeConfigFailure = (node: string, { detail }: { detail: string }) => void told.push(`${node}: ${detail}`)
  t.equal(noConfigs('nobody').absence, 'nobody')
  await noConfigs('nobody').read([target], { observeConfig: () => t.fail(), observeConfigFailure }, signal)
  t.strictSame(told, ['a: nobody'])
})
