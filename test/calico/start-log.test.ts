import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { backendOfLog } from '../../src/calico/start-log.ts'

/**
 * Lines as each release writes them: libcalico-go's formatter puts time, level, process, file and line before the text, and the
 * fields behind it in the order of their names. The file moved between releases.
 */
const releases = {
  'v3.8': { lookUp: 'table.go 444', start: 'daemon.go 138' },
  'v3.17': { lookUp: 'feature_detect.go 259', start: 'daemon.go 147' },
  'v3.21': { lookUp: 'felix/feature_detect.go 275', start: 'felix/daemon.go 144' },
  'v3.28': { lookUp: 'felix/feature_detect_linux.go 414', start: 'felix/daemon.go 146' },
  'v3.32': { lookUp: 'felix/feature_detect_linux.go 420', start: 'felix/daemon.go 134' }
}
type Release = keyof typeof releases

const line = (file: string, text: string) => `2026-11-30 08:00:01.000 [INFO][60] ${file}: ${text}`
const start = (release: Release = 'v3.28') =>
  line(releases[release].start, `Felix starting up GOMAXPROCS=8 builddate="x" gitcommit="y" version="${release}.0"`)
function lookUp(mode: string, what = 'restore', release: Release = 'v3.28', ip = ''): string {
  const command = `ip${ip}tables-${mode}-${what}`
  const fields = `backendMode="${mode}" candidates=[]string{"${command}", "ip${ip}tables-${what}"} command="${command}"`
  const version = ip === '' ? '0x4' : '0x6'
  return line(
    releases[release].lookUp,
    `Looked up iptables command ${fields} ipVersion=${version} saveOrRestore="${what}"`
  )
}
/** Felix' choice, from v3.32 on. */
const chosen = (isNftables: boolean) =>
  line(
    'felix/int_dataplane.go 1518',
    `Determined whether or not to use nftables calicoMode="Auto" kubeProxyEnabled=${isNftables} useNftables=${isNftables}`
  )
const mismatch = line(
  'felix/feature_detect_linux.go 381',
  'Iptables backend specified does not match the detected backend, using specified backend detectedBackend="legacy" specifiedBackend="nft"'
)

const cases: { name: string; lines: string[]; want: string | undefined }[] = [
  { name: 'nft', lines: [start(), lookUp('nft'), lookUp('nft', 'save')], want: 'NFT' },
  { name: 'legacy', lines: [start(), lookUp('legacy')], want: 'Legacy' },
  {
    name: 'detection looks up save of both',
    lines: [start(), lookUp('legacy', 'save'), lookUp('nft', 'save')],
    want: undefined
  },
  { name: 'the last start counts', lines: [start(), lookUp('legacy'), start(), lookUp('nft')], want: 'NFT' },
  { name: 'a start that has not come so far', lines: [start(), lookUp('legacy'), start()], want: undefined },
  { name: 'without the line of the start', lines: [lookUp('nft')], want: 'NFT' },
  {
    name: 'a specified backend that was not the detected one is what is used',
    lines: [start(), lookUp('legacy', 'save'), mismatch, lookUp('nft'), lookUp('nft', 'save')],
    want: 'NFT'
  },
  {
    name: 'from v3.33 on NFT cleans up Legacy, and looks it up first',
    lines: [start('v3.32'), chosen(false), lookUp('legacy'), lookUp('legacy', 'save'), lookUp('nft')],
    want: 'NFT'
  },
  {
    name: 'nftables itself: what is looked up is cleaned up',
    lines: [start('v3.32'), chosen(true), lookUp('legacy'), lookUp('legacy', 'save')],
    want: 'nftables'
  },
  {
    name: 'nftables before the last start counts no more',
    lines: [start('v3.32'), chosen(true), start('v3.32'), chosen(false), lookUp('nft')],
    want: 'NFT'
  },
  { name: 'a mode that is none', lines: [start(), lookUp('ipvs')], want: undefined },
  { name: 'a mode that is none beside one', lines: [start(), lookUp('ipvs'), lookUp('nft')], want: undefined },
  { name: 'nothing', lines: [], want: undefined }
]
for (const { name, lines, want } of cases) {
  t.test(name, async (t) => t.equal(backendOfLog(`${lines.join('\n')}\n`), want))
}

for (const release of Object.keys(releases) as Release[]) {
  t.test(`${release}: a start with both versions of IP`, async (t) => {
    for (const [mode, want] of [
      ['nft', 'NFT'],
      ['legacy', 'Legacy']
    ] as const) {
      const other = mode === 'nft' ? 'legacy' : 'nft'
      const detection = ['6', ''].map((ip) => lookUp(other, 'save', release, ip))
      const tables = ['', '', '6', '6'].flatMap((ip) => [
        lookUp(mode, 'restore', release, ip),
        lookUp(mode, 'save', release, ip)
      ])
      t.equal(backendOfLog([start(release), ...detection, ...tables].join('\n')), want)
    }
  })
}

/** Cut out of what calico-felix v3.32.1 wrote when it was run in a network of its own, with an API server. */
const recorded = { nft: 'NFT', legacy: 'Legacy', auto: 'Legacy', nftables: 'nftables' }
for (const [name, want] of Object.entries(recorded)) {
  t.test(`recorded with ${name}`, async (t) => {
    const file = join(import.meta.dirname, `../fixtures/felix-logs/v3.32.1-${name}.log`)
    t.equal(backendOfLog(readFileSync(file, 'utf8')), want)
  })
}
