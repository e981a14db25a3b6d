import t, { type Test } from 'tap'
import type { KubeletConfig, ReadingFailure } from '../../../src/model/node-reading.ts'
import { KubeletConfigReader, kubeletConfigOf } from '../../../src/readings/kubelet/kubelet-config.ts'
import { systemClock } from '../../support/fake-api.ts'
import { type KubeletAnswer, kubeletAuthority, startFakeKubelet } from '../../support/fake-kubelet.ts'

function configz(config: object): string {
  return JSON.stringify({ kubeletconfig: config })
}

const cases = [
  {
    name: 'a default kubelet',
    text: configz({ podPidsLimit: -1 }),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: 0, eviction: undefined }
  },
  {
    name: 'nothing said',
    text: configz({}),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: 0, eviction: undefined }
  },
  {
    name: 'everything said',
    text: configz({
      podPidsLimit: 1024,
      systemReserved: { cpu: '1', pid: '1000' },
      kubeReserved: { pid: '1k' },
      evictionHard: { 'pid.available': '10%', 'memory.available': '100Mi' }
    }),
    want: { podPidsLimit: 1024, reserved: 2000, eviction: '10%' }
  },
  {
    name: 'a soft threshold counts: it sets PIDPressure too',
    text: configz({ evictionHard: { 'memory.available': '100Mi' }, evictionSoft: { 'pid.available': '15%' } }),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: 0, eviction: '15%' }
  },
  ...['0%', '100%'].map((none) => ({
    name: `${none} is no threshold to the kubelet`,
    text: configz({ evictionHard: { 'pid.available': none } }),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: 0, eviction: undefined }
  })),
  {
    name: 'a hard threshold of 0% leaves the soft one',
    text: configz({ evictionHard: { 'pid.available': '0%' }, evictionSoft: { 'pid.available': '500' } }),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: 0, eviction: '500' }
  },
  {
    name: 'a reservation that is no count',
    text: configz({ kubeReserved: { pid: 'many' } }),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: undefined, eviction: undefined }
  },
  {
    name: 'one of another shape',
    text: configz({ systemReserved: { pid: {} }, evictionHard: [] }),
    want: { podPidsLimit: Number.POSITIVE_INFINITY, reserved: undefined, eviction: undefined }
  },
  { name: 'something else', text: '{"a": 1}', want: undefined },
  { name: 'no JSON', text: '<html>', want: undefined }
]
for (const { name, text, want } of cases) {
  t.test(name, async (t) => t.strictSame(kubeletConfigOf(text), want))
}

async function read(t: Test, answer: KubeletAnswer) {
  const { target } = await startFakeKubelet(t, answer)
  const reader = new KubeletConfigReader({
    credentials: {
      next: async () => ({
        headers: { authorization: 'Bearer a' },
        tls: {
          ca: kubeletAuthority.cert,
          cert: undefined,
          key: undefined,
          rejectUnauthorized: true,
          servername: undefined
        }
      }),
      renew() {}
    },
    ca: undefined,
    insecure: false,
    port: undefined,
    concurrency: 2,
    timeout: 5_000,
    clock: systemClock
  })
  t.teardown(() => reader.close())
  const configs = new Map<string, KubeletConfig>()
  const failures = new Map<string, ReadingFailure>()
  const sink = {
    observeConfig: (node: string, config: KubeletConfig) => void configs.set(node, config),
    observeConfigFailure: (node: string, failure: ReadingFailure) => void failures.set(node, failure)
  }
  await reader.read(
    [target('a'), { name: 'b', address: undefined, kubeletPort: 1 }],
    sink,
    new AbortController().signal
  )
  return { config: configs.get('a'), failure: failures.get('a'), homeless: failures.get('b') }
}

t.test('it asks the kubelet for /configz', async (t) => {
  let asked: string | undefined
  const { config, homeless } = await read(t, (request, response) => {
    asked = request.url
    response.end(configz({ podPidsLimit: 500 }))
  })
  t.equal(asked, '/configz')
  t.match(config, { podPidsLimit: 500 })
  t.match(homeless, { reason: 'no-address' })
})

t.test('without leave it says what is needed, and does not advise nodes/proxy', async (t) => {
  const { failure } = await read(t, (_request, response) => response.writeHead(403).end())
  t.match(failure, { reason: 'forbidden', detail: /get on nodes\/configz is needed .*code execution/ })
})

t.test('an answer that is none is told', async (t) => {
  t.match((await read(t, (_request, response) => response.end('{}'))).failure, { reason: 'malformed' })
  t.match((await read(t, (_request, response) => response.writeHead(500).end())).failure, { reason: 'http-error' })
})
