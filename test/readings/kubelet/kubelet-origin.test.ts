import t from 'tap'
import { kubeletOrigin } from '../../../src/readings/kubelet/kubelet-origin.ts'

const origins: readonly (readonly [address: string, want: string])[] = [
  ['10.0.0.1', 'https://10.0.0.1:10250'],
  ['fd00::1', 'https://[fd00::1]:10250'],
  ['node-a.example.com', 'https://node-a.example.com:10250'],
  ['ip-10-0-0-1', 'https://ip-10-0-0-1:10250']
]
for (const [address, want] of origins) {
  void t.test(`${address} is where a kubelet may be`, async (t) => {
    const origin = kubeletOrigin({ address, kubeletPort: 10_250 })
    t.equal(origin, want)
    t.equal(new URL(`${origin}/stats/summary`).host, new URL(want).host)
  })
}

const others = [
  ...['', 'a b', '[::1', '1.2.3.4@127.0.0.1:20542/x?', 'host/path', 'host?x', 'host#x', 'host:80', 'a\nb', '..', '-a'],
  ...['1.2.3.999', '127.1', '2130706433', '0x7f000001', 'a.0x7f'],
  ...['user@host', 'fe80::1%eth0', '%31%32', 'é.example.com', 'a'.repeat(254)]
]
for (const address of others) {
  void t.test(`${JSON.stringify(address.slice(0, 40))} is no address: no URL is made of it`, async (t) => {
    t.match(kubeletOrigin({ address, kubeletPort: 10_250 }), {
      reason: 'no-address',
      detail: /^InternalIP .*: expected/
    })
  })
}

void t.test('a port is one, and one that is given goes before that of the Node', async (t) => {
  t.equal(kubeletOrigin({ address: '10.0.0.1', kubeletPort: 10_250 }, 65_535), 'https://10.0.0.1:65535')
  for (const kubeletPort of [0, -1, 65_536, 1.5, Number.NaN]) {
    t.match(kubeletOrigin({ address: '10.0.0.1', kubeletPort }), { detail: /kubelet port .*: expected/ })
  }
  t.match(kubeletOrigin({ address: undefined, kubeletPort: 1 }), { detail: 'the Node has no InternalIP' })
})
