import t from 'tap'
import { ProviderReader, SummaryReader } from '../../../src/readings/kubelet/cri-stats.ts'

function provider(text: string, size = 7): boolean {
  const reader = new ProviderReader()
  for (let at = 0; at < text.length; at += size) reader.push(Buffer.from(text.slice(at, at + size)))
  return reader.end().isRuntime
}

const lines = (value: string) => `# TYPE kubelet_metrics_provider gauge\n${value}\nkubelet_node_name{node="n1"} 1\n`

t.test('the kubelet says who counts, wherever its answer is cut', async (t) => {
  for (const size of [1, 7, 1_000]) {
    t.equal(provider(lines('kubelet_metrics_provider{provider="cri"} 1'), size), true)
    t.equal(provider(lines('kubelet_metrics_provider{provider="cadvisor"} 1'), size), false)
  }
  t.equal(provider('x'.repeat(500) + lines('kubelet_metrics_provider{provider="cri"} 1')), true)
  t.equal(provider(lines('kubelet_metrics_provider{provider="cri"} 0')), false)
  t.equal(provider(''), false)
})

function summary(text: string) {
  const reader = new SummaryReader()
  for (let at = 0; at < text.length; at += 11) reader.push(Buffer.from(text.slice(at, at + 11)))
  return reader.end()
}

t.test('process counts of pods, and the rlimit of the node', async (t) => {
  const rlimit = { time: '2026-11-30T00:37:50Z', maxpid: 32_768, curproc: 900 }
  const pods = [
    { podRef: { name: 'a', namespace: 'shop', uid: 'u1' }, process_stats: { process_count: 510 } },
    { podRef: { uid: 'u2' }, process_stats: { process_count: 0 } },
    { podRef: { uid: 'u3' } },
    { podRef: { uid: 'u4' }, process_stats: { process_count: -1 } },
    { process_stats: { process_count: 7 } }
  ]
  t.strictSame(summary(JSON.stringify({ node: { rlimit }, pods })), {
    limit: 32_768,
    inUse: 900,
    sampledAt: Date.parse(rlimit.time),
    pods: new Map([
      ['u1', 510],
      ['u2', 0]
    ]),
    uids: new Map([['shop/a', 'u1']])
  })
  t.match(summary(JSON.stringify({ node: { rlimit }, pods: [] })), { pods: undefined })
  t.match(summary(JSON.stringify({ pods })), { limit: undefined, inUse: undefined })
  for (const text of ['', '{', '[]', 'null']) t.equal(summary(text), undefined, text)
})
