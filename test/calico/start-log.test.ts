import t from 'tap'
import { backendOfLog } from '../../src/calico/start-log.ts'

/** Lines as calico-node writes them. */
const start = '2026-11-30 08:00:00.000 [INFO][60] felix/daemon.go 115: Felix starting up GOMAXPROCS=8 version="v3.28.0"'
const lookUp = (mode: string, what = 'restore') =>
  `2026-11-30 08:00:01.000 [INFO][60] felix/feature_detect_linux.go 414: Looked up iptables command backendMode="${mode}" candidates=[]string{"iptables-${mode}-${what}", "iptables-${what}"} command="iptables-${mode}-${what}" ipVersion=0x4 saveOrRestore="${what}"`
const cases: { name: string; lines: string[]; want: string | undefined }[] = [
  { name: 'nft', lines: [start, lookUp('nft'), lookUp('nft', 'save')], want: 'NFT' },
  { name: 'legacy', lines: [start, lookUp('legacy')], want: 'Legacy' },
  {
    name: 'detection looks up save of both',
    lines: [start, lookUp('legacy', 'save'), lookUp('nft', 'save')],
    want: undefined
  },
  { name: 'the last start counts', lines: [start, lookUp('legacy'), start, lookUp('nft')], want: 'NFT' },
  { name: 'a start that has not come so far', lines: [start, lookUp('legacy'), start], want: undefined },
  { name: 'without the line of the start', lines: [lookUp('nft')], want: 'NFT' },
  { name: 'both, as where the other is cleaned up', lines: [start, lookUp('nft'), lookUp('legacy')], want: undefined },
  { name: 'a mode that is none', lines: [start, lookUp('ipvs')], want: undefined },
  { name: 'nothing', lines: [], want: undefined }
]
for (const { name, lines, want } of cases) {
  t.test(name, async (t) => t.equal(backendOfLog(`${lines.join('\n')}\n`), want))
}
