import { readFileSync } from 'node:fs'
import t from 'tap'
import { RlimitReader } from '../../../src/readings/kubelet/stats-summary-text.ts'

function read(text: string | Buffer, chunk = 65_536) {
  const bytes = Buffer.from(text)
  const reader = new RlimitReader()
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk))
  return reader.end()
}

t.test('the recorded summary, however the bytes arrive', async (t) => {
  const summary = readFileSync(new URL('../../fixtures/kubelet/incident-stats-summary.json', import.meta.url))
  const want = { limit: 32768, inUse: 1197, sampledAt: Date.parse('2026-11-21T10:55:29Z') }
  for (const chunk of [1, 5, 100, 4096, 65_536]) t.strictSame(read(summary, chunk), want)
})

const cases: [name: string, text: string, want: object | undefined][] = [
  ['absent: unknown, not zero', '{"node":{"nodeName":"a"},"pods":[]}', undefined],
  ['one field', '{"node":{"rlimit":{"maxpid":32768}}}', { limit: 32768, inUse: undefined, sampledAt: undefined }],
  [
    'zeros: unknown',
    '{"node":{"rlimit":{"maxpid":0,"curproc":0}}}',
    { limit: undefined, inUse: undefined, sampledAt: undefined }
  ],
  [
    'texts: unknown',
    '{"node":{"rlimit":{"maxpid":"many","time":"soon"}}}',
    { limit: undefined, inUse: undefined, sampledAt: undefined }
  ],
  ['null', '{"node":{"rlimit":null}}', undefined],
  ['not JSON', '{"node":{"rlimit":{maxpid}}}', undefined],
  ['cut off', '{"node":{"rlimit":{"maxpid":3', undefined],
  ['no end in sight', `{"rlimit":{"a":"${'x'.repeat(3000)}`, undefined],
  [
    'quoted inside a name',
    String.raw`{"x":"\"rlimit\":{\"maxpid\":1}","rlimit":{"maxpid":2}}`,
    { limit: 2, inUse: undefined, sampledAt: undefined }
  ]
]
for (const [name, text, want] of cases) {
  t.test(name, async (t) => {
    for (const chunk of [1, 7, 65_536]) t.strictSame(read(text, chunk), want)
  })
}
