import t from 'tap'
import type { FelixSettings } from '../../src/kubernetes/calico/felix.ts'
import { calicoBackendConflict as rule } from '../../src/rules/calico-backend-conflict.ts'
import { findingsOf, skipsOf } from '../support/judge.ts'
import { calicoObject, workloadObject } from '../support/subjects.ts'

const name = 'FELIX_IPTABLESBACKEND'
const env = (value: string, ...more: readonly object[]) => [{ name: 'A', value: 'b' }, { name, value }, ...more]

function felix(iptablesBackend?: string, nftablesMode?: string, of = 'default'): FelixSettings {
  return { name: of, iptablesBackend, nftablesMode }
}

interface Case {
  readonly name: string
  readonly env?: unknown
  readonly felix?: readonly FelixSettings[]
  readonly image?: string
  readonly finds?: RegExp
  readonly lacks?: string
}

const cases: readonly Case[] = [
  { name: 'both agree', env: env('NFT'), felix: [felix('nft')] },
  { name: 'said in the environment alone', env: env('NFT'), felix: [felix()] },
  { name: 'said in FelixConfiguration alone', felix: [felix('NFT')] },
  { name: 'no FelixConfiguration at all', env: env('NFT'), felix: [] },
  {
    name: 'they differ',
    env: env('NFT'),
    felix: [felix('Legacy')],
    finds: /FELIX_IPTABLESBACKEND ."NFT". wins over FelixConfiguration default ."Legacy"./
  },
  { name: 'an invalid value still wins', env: env('nftables'), felix: [felix('NFT')], finds: /"nftables". wins over/ },
  { name: 'a value of 40', env: env('x'.repeat(40)), felix: [felix('NFT')], finds: /\("x{40}"\) wins over/ },
  { name: 'a longer one is cut', env: env('x'.repeat(41)), felix: [felix('NFT')], finds: /\("x{39}…"\) wins over/ },
  { name: 'an empty value still wins', env: env(''), felix: [felix('NFT')], finds: /"". wins over/ },
  { name: 'two invalid values mean the same', env: env('x'), felix: [felix('y')] },
  {
    name: 'nodes of their own are switched off',
    env: env('NFT'),
    felix: [felix('NFT'), felix('Legacy', undefined, 'node.a')],
    finds: /switches off what FelixConfiguration "node.a" says/
  },
  {
    name: 'several of them',
    env: env('NFT'),
    felix: [felix('Legacy', undefined, 'node.a'), felix('NFT', undefined, 'node.b')],
    finds: /"node.a" and 1 more says/
  },
  { name: 'mixed nodes, each with its own', felix: [felix('NFT'), felix('Legacy', undefined, 'node.a')] },
  { name: 'native nftables makes Legacy moot', felix: [felix('Legacy', 'Enabled')], finds: /nftablesMode is Enabled/ },
  {
    name: 'also said by the environment',
    env: env('legacy', { name: 'felix_NftablesMode', value: 'Enabled' }),
    felix: [felix()],
    finds: /nftablesMode is Enabled/
  },
  {
    name: 'the environment wins there too, and says another mode',
    felix: [felix('Legacy', 'Enabled')],
    env: [{ name: 'FELIX_NFTABLESMODE', value: 'Disabled' }],
    finds: /^FELIX_NFTABLESMODE ."Disabled". wins over FelixConfiguration default ."Enabled".$/
  },
  {
    name: 'the environment says the same mode',
    felix: [felix('NFT', 'Enabled')],
    env: [{ name: 'FELIX_NFTABLESMODE', value: 'enabled' }]
  },
  {
    name: 'nftablesMode of nodes is switched off by the environment',
    felix: [felix('NFT'), felix(undefined, 'Enabled', 'node.a')],
    env: [{ name: 'FELIX_NFTABLESMODE', value: 'Disabled' }],
    finds: /^FELIX_NFTABLESMODE switches off what FelixConfiguration "node.a" says of nftablesMode$/
  },
  {
    name: 'nftables on one node only, with Legacy there',
    felix: [felix('NFT'), felix('Legacy', 'Enabled', 'node.a')],
    finds: /^nftablesMode is Enabled in FelixConfiguration "node.a", so Legacy is only used to clean up there$/
  },
  { name: 'nftables on one node only', felix: [felix('NFT'), felix(undefined, 'Enabled', 'node.a')] },
  {
    name: 'nftablesMode for a release that does not know it',
    image: 'calico/node:v3.28.0',
    felix: [felix('NFT', 'Enabled')],
    finds: /^nftablesMode is Enabled, which Calico before v3.29 ignores$/
  },
  {
    name: 'VPP programs no iptables at all',
    env: env('NFT', { name: 'FELIX_USEINTERNALDATAPLANEDRIVER', value: 'false' }),
    felix: [felix('Legacy')]
  },
  {
    name: 'auto was no word of v3.11, so both mean Legacy there or nothing valid',
    image: 'calico/node:v3.11.1',
    env: env('auto'),
    felix: [felix('nonsense')]
  },
  { name: 'native nftables beside NFT', felix: [felix('NFT', 'Enabled')] },
  {
    name: 'all at once is one finding',
    env: env('Legacy'),
    felix: [felix('NFT', 'Enabled'), felix('NFT', undefined, 'node.a')],
    finds: /wins over.*; .*switches off.*; nftablesMode/
  },
  { name: 'FelixConfigurations not known', env: env('NFT'), lacks: 'FelixConfigurations not known' },
  {
    name: 'the environment comes from elsewhere',
    env: [{ name, valueFrom: { configMapKeyRef: {} } }],
    felix: [felix('NFT')],
    lacks: 'environment of Felix not known'
  }
]
for (const { name, env, felix: felixConfigurations, image = 'calico/node:v3.31.7', finds, lacks } of cases) {
  t.test(name, async (t) => {
    const world = { facts: felixConfigurations === undefined ? {} : { felixConfigurations } }
    const object = calicoObject({ env, container: { image } })
    const found = findingsOf(rule, object, world)
    t.equal(found.length, finds === undefined ? 0 : 1)
    if (finds !== undefined) t.match(found[0]?.detail, finds)
    t.strictSame(skipsOf(rule, object, world), lacks === undefined ? [] : [lacks])
  })
}

t.test('it points at the variable that counts, or at where one would be', async (t) => {
  const pointerOf = (env: unknown, configuration: FelixSettings) =>
    findingsOf(rule, calicoObject({ env }), { facts: { felixConfigurations: [configuration] } })[0]?.pointer
  const at = '/spec/template/spec/containers/0/env'
  t.equal(pointerOf(env('NFT'), felix('Legacy')), `${at}/1`)
  t.equal(pointerOf(undefined, felix('Legacy', 'Enabled')), at)
})

t.test('other DaemonSets are not asked about', async (t) => {
  t.strictSame(skipsOf(rule, workloadObject('apps/v1/DaemonSet')), [])
})
