import t from 'tap'
import type { NodeAccount } from '../../src/headroom/ceiling-account.ts'
import {
  auditFull,
  auditNode,
  refusalToken,
  refusedNodeOf,
  remedyField,
  sayBehindTaints,
  sayFull,
  sayNode,
  sayUnknown,
  sayWhence
} from '../../src/headroom/denial-text.ts'
import type { Full } from '../../src/headroom/headroom-view.ts'

const node: NodeAccount = {
  node: 'node-3',
  age: 4_000,
  ceilings: [
    { ceiling: 'kubepods', limit: 49_152, inUse: 44_000, committed: 44_300, floor: 4_916, free: -64 },
    { ceiling: 'node', limit: 1_000_000, inUse: 44_900, committed: 45_200, floor: 100_000, free: 854_800 }
  ]
}

function full(change: Partial<Full> = {}): Full {
  return {
    verdict: 'full',
    nodes: 12,
    unknown: 0,
    room: 0,
    best: node,
    waiting: { pods: 0, pids: 0 },
    setAside: 0,
    accounts: () => [node],
    ...change
  }
}

t.test('says what is needed, where it was closest, and every figure of the tightest ceiling', async (t) => {
  const figures =
    'node-3 has 0 PIDs free under kubepods, 64 short of its floor: limit 49152, floor 4916, committed 44300, in use 44000'
  t.equal(sayFull(full(), 500), `needs 500; best of 12 nodes: ${figures}`)
  t.equal(sayFull(full({ nodes: 1 }), 500), `needs 500; ${figures}`)
  t.equal(sayFull(full({ room: 2 }), 500, 4), `4 pods of 500, room for 2; best of 12 nodes: ${figures}`)
  t.match(sayFull(full({ waiting: { pods: 3, pids: 150 } }), 500), /; 3 admitted pods without a node need 150$/)
  t.match(sayFull(full({ setAside: 200 }), 500), /; 200 set aside for what other replicas may admit at this moment$/)
})

t.test('the first 120 characters, all that a warning shows, hold what decides', async (t) => {
  const warning = `pid-headroom: no node has room for this pod (${sayFull(full(), 500)})`.slice(0, 120)
  t.match(warning, /needs 500; best of 12 nodes: node-3 has 0 PIDs free/)
})

t.test('the node itself is named by its sysctl', async (t) => {
  t.match(sayNode({ ...node, ceilings: node.ceilings.toReversed() }), /free under node: limit 1000000/)
  t.equal(sayNode({ ...node, ceilings: [] }), 'node-3 has no limit')
})

t.test('a node that has been silent for a minute says so', async (t) => {
  t.match(sayNode({ ...node, age: 59_999 }), /in use 44000$/)
  t.match(sayNode({ ...node, age: 60_000 }), /in use 44000, last read 60 s ago$/)
  t.match(sayNode({ ...node, age: undefined }), /in use 44000$/)
  t.match(sayNode({ ...node, age: 75_000 }), /in use 44000, last read 75 s ago$/)
})

t.test('the audit log gets the same in short', async (t) => {
  t.equal(
    auditFull(full({ room: 2 }), 500, 4),
    'pids=500 pods=4 room=2 nodes=12 node=node-3 ceiling=kubepods limit=49152 committed=44300 floor=4916 free=-64'
  )
  t.equal(auditNode({ ...node, ceilings: [] }), 'node=node-3')
})

t.test('what is not known, of how many, and one of them', async (t) => {
  const unknown = { verdict: 'unknown', why: 'reading too old', nodes: 12, unknown: 3, node: 'node-3' } as const
  t.equal(sayUnknown(unknown), '3 of 12 nodes not known, node-3: reading too old')
  t.equal(sayUnknown({ ...unknown, nodes: 1, unknown: 1 }), 'node-3: reading too old')
  t.equal(sayUnknown({ ...unknown, unknown: 0 }), 'pods without a node may go to node-3: reading too old')
  t.equal(sayUnknown({ ...unknown, why: 'too many terms', node: undefined }), 'too many terms')
})

t.test('where the estimate comes from, and the way out that exists', async (t) => {
  const origins = (['declared', 'observed', 'profile', 'default', undefined] as const).map((source) =>
    sayWhence({ pids: 90, source })
  )
  t.strictSame(origins, [
    '; 90 is declared by pidguard.io/pids',
    '; 90 was observed when it was admitted',
    '; 90 is the estimate of a profile of the policy',
    '; 90 is the default of the policy',
    ''
  ])
  t.equal(
    sayWhence({ pids: 90, source: 'observed', seen: { pod: 'web-1', age: 720_000 } }),
    '; 90 was observed on web-1 12 min ago, and most pods of its template hold no more'
  )
  t.strictSame(remedyField({ pids: 90, source: 'declared' }), {}, 'the rule says to lower it')
  t.strictSame(remedyField(undefined), {})
  t.match(remedyField({ pids: 90, source: 'observed' }).remedy, /A changed template starts without this figure/)
  for (const source of ['profile', 'default'] as const)
    t.match(remedyField({ pids: 90, source }).remedy, /Declare pidguard.io\/pids/)
})

t.test('a node behind taints is named', async (t) => {
  t.equal(sayBehindTaints('gpu-1'), 'its pods may yet be given a toleration for gpu-1')
})

/** A refused binding as a scheduler writes it into the pod's status. */
function quoted(ruleId: string, detail: string): string {
  const sentence = `${ruleId}: the chosen node has no room for this pod (${detail}) at /target/name. The pod stays pending.`
  return `binding rejected: running Bind plugin "DefaultBinder": admission webhook "x" denied the request: Binding shop/a: ${sentence}`
}

t.test(
  'the token of a refused binding never changes: replicas of two releases read it out of each other',
  async (t) => {
    t.equal(refusalToken('node-3'), '[pidguard:node=node-3]')
    t.equal(refusedNodeOf('[pidguard:node=node-3]'), 'node-3')
    t.equal(
      refusedNodeOf('in whatever words [pidguard:node=ip-10-0-0-1.eu-west-1.compute.internal] it is said'),
      'ip-10-0-0-1.eu-west-1.compute.internal'
    )
    t.equal(refusedNodeOf('[pidguard:node=node-2] [pidguard:node=node-3]'), 'node-2', 'the first one')
    for (const text of [
      '[pidguard:node=]',
      '[pidguard:node=a b]',
      '[pidguard:node=node-3',
      'pidguard:node=node-3',
      '[pidguard:node=<x>]'
    ])
      t.equal(refusedNodeOf(text), undefined, text)
  }
)

t.test('a refusal in the sentence of the release before is understood', async (t) => {
  const figures =
    'node-3 has 0 PIDs free under kubepods, 64 short of its floor: limit 49152, floor 4916, committed 44300, in use 44000'
  t.equal(refusedNodeOf(quoted('pid-binding', `needs 500; ${figures}`)), 'node-3')
  t.equal(refusedNodeOf(quoted('pid-headroom', `needs 500; ${figures}`)), undefined)
  t.equal(refusedNodeOf('0/3 nodes are available: 3 Insufficient cpu.'), undefined)
})

t.test('the release before understands a refusal of this one', async (t) => {
  const text = quoted('pid-binding', `${sayFull(full({ nodes: 1 }), 500)} ${refusalToken('node-3')}`)
  t.match(text, /\bpid-binding: .*?\(needs \d+; node-3 has -?\d+ PIDs free under /)
})
