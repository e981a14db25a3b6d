import type { Backend } from '../kubernetes/calico/felix.ts'
import { type NodeProblem, nodeProblemsOf } from '../kubernetes/calico/node-problems.ts'
import { fixedBackend, type NodeRow } from '../kubernetes/calico/node-rows.ts'
import { plural } from './validate-report.ts'

/** Something to know or to do. `isFinding`: it is wrong, and makes the command exit with 1. */
export interface Advice {
  readonly text: string
  readonly isFinding: boolean
  /** It is about single nodes: audits have a finding of the rule calico-node-backend for each of them. */
  readonly isOfNodes?: true
}

/** Names in one line. Own choice. */
const mostNamed = 5

/** What follows from the rows. `policy`: the backend that the policy names; undefined where it names none. */
export function adviceOf(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  const decided = rows.filter(({ daemonSet, moot }) => daemonSet !== undefined && moot === undefined)
  return [
    ...ofNodes(decided, policy),
    ...suggestion(decided, policy),
    ...left(decided),
    ...elsewhere(decided, policy),
    ...behind(rows)
  ]
}

/** One advice for each problem that nodes have, also before a policy is enforced that contradicts one. */
function ofNodes(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  const problems = rows.flatMap((row) => nodeProblemsOf(row, policy).map((problem) => ({ row, problem })))
  // Each of the two backends that Felix may be seen to use wrongly is a text of its own.
  const groups = Map.groupBy(problems, ({ problem, row }) =>
    problem === 'use-against-need' ? `${problem} ${row.seen}` : problem
  )
  return [...groups.values()].map(([first, ...others]) => {
    const { problem, row } = first as (typeof problems)[number]
    const found = [row, ...others.map((other) => other.row)]
    return { text: problemText(problem, found, { policy, rows }), isFinding: true, isOfNodes: true }
  })
}

/** `found` are those of `rows` with the problem, one at least. */
function problemText(
  problem: NodeProblem,
  found: readonly NodeRow[],
  { policy, rows }: { readonly policy: Backend | undefined; readonly rows: readonly NodeRow[] }
): string {
  const { need, seen } = found[0] as NodeRow
  switch (problem) {
    case 'policy-against-need': {
      const said = `The policy says ${policy}, and ${named(found)} would need ${need.backend}`
      return rows.some((row) => row.need.backend === policy)
        ? `${said}: no single value fits. Leave spec.calico.iptablesBackend of the policy unset, set spec.iptablesBackend of FelixConfiguration default to ${policy}, and of ${configurationsOf(found)} to ${need.backend}.`
        : `${said}. No node is known to need ${policy}: set spec.calico.iptablesBackend of the policy to ${need.backend}.`
    }
    case 'policy-against-use':
      return `The policy says ${policy}, and Felix was seen to use ${seen} on ${named(found)}, of which it is not known what they need: iptables --version there prints (legacy) or (nf_tables). Where the policy is right, drain and reboot these nodes after calico-node was restarted there.`
    case 'legacy-impossible':
      return `Felix is set to Legacy on ${named(found)}, whose kernel has no ip_tables: pods there cannot have a network. Set it to NFT.`
    case 'use-against-need':
      return `Felix was seen to use ${seen} on ${named(found)}, whose own programs use ${need.backend}: rules in both drop traffic of new pods. Set the backend, then drain and reboot these nodes.`
  }
}

/** The FelixConfigurations of these nodes. */
function configurationsOf(rows: readonly NodeRow[]): string {
  const names = rows.slice(0, mostNamed).map(({ node }) => `node.${node}`)
  const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} more` : ''
  return `${names.join(', ')}${more}`
}

function suggestion(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  if (policy !== undefined || rows.length === 0) return []
  // Where the operating system does not show the backend, take the one that Felix was seen to use.
  const needs = Map.groupBy(rows, ({ need, seen }) => need.backend ?? seen)
  const unknown = needs.get(undefined) ?? []
  const [nft, legacy] = [needs.get('NFT') ?? [], needs.get('Legacy') ?? []]
  if (nft.length > 0 && legacy.length > 0) {
    // FelixConfigurations say it already, each node what it needs.
    if ([...nft, ...legacy].every((row) => fixedBackend(row) === row.need.backend)) return []
    const few = nft.length < legacy.length ? nft : legacy
    const [most, least]: [Backend, Backend] = few === nft ? ['Legacy', 'NFT'] : ['NFT', 'Legacy']
    return [
      {
        text: `${plural(rows.length - few.length - unknown.length, 'node')} would need ${most}, ${named(few)} ${least}: no single value fits. Leave spec.calico.iptablesBackend of the policy unset; set spec.iptablesBackend of FelixConfiguration default to ${most}, and of ${configurationsOf(few)} to ${least}.`,
        isFinding: true
      }
    ]
  }
  const known = nft.length > 0 ? nft : legacy
  if (known.length === 0) {
    return [
      {
        text: 'What the nodes need is not known by their operating systems: iptables --version on a node prints (legacy) or (nf_tables).',
        isFinding: false
      }
    ]
  }
  const value = nft.length > 0 ? 'NFT' : 'Legacy'
  const doubt =
    unknown.length === 0
      ? ''
      : ` Look first at ${named(unknown)}, of which it is not known: iptables --version there prints (legacy) or (nf_tables).`
  const who = unknown.length === 0 ? `All ${plural(rows.length, 'node')}` : plural(known.length, 'node')
  return [
    {
      text: `${who} would need ${value}: set spec.calico.iptablesBackend: ${value} in the policy.${doubt}`,
      isFinding: false
    }
  ]
}

function left(rows: readonly NodeRow[]): Advice[] {
  const detecting = rows.filter(
    ({ backend, otherContainer }) => backend?.meaning === 'detection' && otherContainer === undefined
  )
  if (detecting.length === 0) return []
  const text = `Felix detects the backend at its start on ${named(detecting)}: on a node without free PIDs it would settle on Legacy.`
  return [{ text, isFinding: true }]
}

/** Felix in a container of another name, which pidguard does not change; see the rule calico-iptables-backend. */
function elsewhere(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  const others = rows.filter(
    (row) =>
      row.otherContainer !== undefined &&
      (fixedBackend(row) === undefined || fixedBackend(row) !== (policy ?? fixedBackend(row)))
  )
  return [...Map.groupBy(others, ({ daemonSet, otherContainer }) => `${otherContainer} of ${daemonSet}`)].map(
    ([container, nodes]) => ({
      text: `Felix runs in container ${container} on ${named(nodes)}, and is not set to ${policy ?? 'Legacy or NFT'} there: pidguard does not change it. Set FELIX_IPTABLESBACKEND of that container to ${policy ?? 'what the nodes use, Legacy or NFT'}.`,
      isFinding: true
    })
  )
}

function behind(rows: readonly NodeRow[]): Advice[] {
  const old = rows.filter(({ revision }) => revision === 'old')
  if (old.length === 0) return []
  return [
    {
      text: `calico-node runs an old revision on ${named(old)}: delete its pods node by node, each when the one before is ready (pidguard calico rollout prints the commands).`,
      isFinding: true
    }
  ]
}

function named(rows: readonly NodeRow[]): string {
  const names = rows
    .slice(0, mostNamed)
    .map(({ node, osImage, need }) => (need.backend === undefined ? node : `${node} (${osImage})`))
  const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} more` : ''
  return `${names.join(', ')}${more}`
}
