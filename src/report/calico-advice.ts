import type { Backend } from '../kubernetes/calico/felix.ts'
import { fixedBackend, type NodeRow } from '../kubernetes/calico/node-rows.ts'
import { plural } from './validate-report.ts'

/** Something to know or to do. `isFinding`: it is wrong, and makes the command exit with 1. */
export interface Advice {
  readonly text: string
  readonly isFinding: boolean
}

/** Names in one line. Own choice. */
const mostNamed = 5

/** What follows from the rows. `policy`: the backend that the policy names; undefined where it names none. */
export function adviceOf(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  const decided = rows.filter(({ daemonSet, moot }) => daemonSet !== undefined && moot === undefined)
  return [
    ...contradictions(decided, policy),
    ...impossible(decided),
    ...astray(decided),
    ...suggestion(decided, policy),
    ...left(decided),
    ...elsewhere(decided, policy),
    ...behind(rows)
  ]
}

/** Warns of a policy that contradicts nodes, before it is enforced. */
function contradictions(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  if (policy === undefined) return []
  const against = rows.filter(({ need }) => need.backend !== undefined && need.backend !== policy)
  if (against.length === 0) return []
  const fix = against
    .slice(0, mostNamed)
    .map(({ node }) => `node.${node}`)
    .join(', ')
  return [
    {
      text: `The policy says ${policy}, and ${named(against)} would need ${against[0]?.need.backend}: no single value fits. Leave spec.calico.iptablesBackend of the policy unset, set spec.iptablesBackend of FelixConfiguration default to ${policy}, and of ${fix} to ${against[0]?.need.backend}.`,
      isFinding: true
    }
  ]
}

function impossible(rows: readonly NodeRow[]): Advice[] {
  const broken = rows.filter((row) => row.need.isLegacyImpossible && fixedBackend(row) === 'Legacy')
  if (broken.length === 0) return []
  return [
    {
      text: `Felix is set to Legacy on ${named(broken)}, whose kernel has no ip_tables: pods there cannot have a network. Set it to NFT.`,
      isFinding: true
    }
  ]
}

/** Felix settled on another backend than the node's own programs use, as it does where it detects while forks fail. */
function astray(rows: readonly NodeRow[]): Advice[] {
  const found = rows.filter(
    ({ seen, need }) => seen !== undefined && need.backend !== undefined && seen !== need.backend
  )
  if (found.length === 0) return []
  return [
    {
      text: `Felix was seen to use ${found[0]?.seen} on ${named(found)}, whose own programs use ${found[0]?.need.backend}: rules in both drop traffic of new pods. Set the backend, then drain and reboot these nodes.`,
      isFinding: true
    }
  ]
}

function suggestion(rows: readonly NodeRow[], policy: Backend | undefined): Advice[] {
  if (policy !== undefined || rows.length === 0) return []
  // Where the operating system does not show the backend, take the one that Felix was seen to use.
  const needs = Map.groupBy(rows, ({ need, seen }) => need.backend ?? seen)
  const unknown = needs.get(undefined) ?? []
  const [nft, legacy] = [needs.get('NFT') ?? [], needs.get('Legacy') ?? []]
  if (nft.length > 0 && legacy.length > 0) {
    const few = nft.length < legacy.length ? nft : legacy
    const [most, least]: [Backend, Backend] = few === nft ? ['Legacy', 'NFT'] : ['NFT', 'Legacy']
    return [
      {
        text: `${plural(rows.length - few.length - unknown.length, 'node')} would need ${most}, ${named(few)} ${least}: no single value fits. Leave spec.calico.iptablesBackend of the policy unset; set spec.iptablesBackend of FelixConfiguration default to ${most}, and of ${few
          .slice(0, mostNamed)
          .map(({ node }) => `node.${node}`)
          .join(', ')} to ${least}.`,
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
  return [
    {
      text: `${unknown.length === 0 ? `All ${plural(rows.length, 'node')}` : plural(known.length, 'node')} would need ${value}: set spec.calico.iptablesBackend: ${value} in the policy.${doubt}`,
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
