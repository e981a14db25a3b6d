import t from 'tap'
import { needOf } from '../../../src/kubernetes/calico/node-os.ts'

t.test('what operating systems need, as nodes report them', async (t) => {
  const cases: [string, 'NFT' | 'Legacy' | undefined][] = [
    ['CentOS Linux 7 (Core)', 'Legacy'],
    ['Red Hat Enterprise Linux Server 7.9 (Maipo)', 'Legacy'],
    ['Red Hat Enterprise Linux 8.10 (Ootpa)', 'NFT'],
    ['Red Hat Enterprise Linux CoreOS 417.94.202410', 'NFT'],
    ['Rocky Linux 9.4 (Blue Onyx)', 'NFT'],
    ['AlmaLinux 10.0 (Purple Lion)', 'NFT'],
    ['Oracle Linux Server 7.9', 'Legacy'],
    ['Ubuntu 16.04.7 LTS', 'Legacy'],
    ['Ubuntu 18.04.6 LTS', 'Legacy'],
    ['Ubuntu 20.04.6 LTS', undefined],
    ['Ubuntu 20.10', 'NFT'],
    ['Ubuntu 24.04.1 LTS', 'NFT'],
    ['Debian GNU/Linux 9 (stretch)', 'Legacy'],
    ['Debian GNU/Linux 10 (buster)', 'NFT'],
    ['Debian GNU/Linux 12 (bookworm)', 'NFT'],
    ['Amazon Linux 2', 'Legacy'],
    ['Amazon Linux 2023.6.20241010', 'NFT'],
    ['Bottlerocket OS 1.20.0', undefined],
    ['Flatcar Container Linux by Kinvolk 3975.2.2', undefined],
    ['Talos (v1.8.1)', undefined],
    ['', undefined]
  ]
  for (const [osImage, want] of cases) t.equal(needOf(osImage).backend, want, osImage)
  t.equal(needOf('AlmaLinux 10.0 (Purple Lion)').isLegacyImpossible, true)
  for (const [osImage, kernel] of [
    ['Red Hat Enterprise Linux CoreOS 417.94.202410', ''],
    ['Red Hat Enterprise Linux CoreOS 417.94.202410', '5.14.0-427.40.1.el9_4.x86_64'],
    ['Red Hat Enterprise Linux CoreOS 9.6.20250826-1', '5.14.0-570.33.2.el9_6.x86_64']
  ] as const) {
    t.strictSame(needOf(osImage, kernel), { backend: 'NFT', isLegacyImpossible: false }, `${osImage} ${kernel}`)
  }
  t.equal(needOf('Red Hat Enterprise Linux CoreOS 9.6.20250826-1').backend, undefined, 'neither says it')
  t.strictSame(needOf('Platform Linux 4', '6.12.0-55.el10.x86_64'), { backend: 'NFT', isLegacyImpossible: true })
  t.equal(needOf('Platform Linux 4', '3.10.0-1160.el7.x86_64').backend, 'Legacy')
  t.equal(needOf('CentOS Linux 7 (Core)', '5.4.278-1.el8.elrepo.x86_64').backend, 'Legacy', 'the name goes first')
  t.equal(needOf('Talos (v1.8.1)', '6.6.43-talos').backend, undefined)
  t.equal(needOf('AlmaLinux 9.9 (x)').isLegacyImpossible, false)
})
