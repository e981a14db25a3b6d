// Reads: the backend of Felix on a node, what it was seen to use, and what the operating system of the node needs.  Fine: the policy names that one, and Felix uses it.
import { defineRule } from '../engine/rule.ts'
import { type NodeProblem, nodeProblemsOf } from '../kubernetes/calico/node-problems.ts'
import type { NodeRow } from '../kubernetes/calico/node-rows.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { quoted } from '../lib/clip-text.ts'
import type { Finding } from '../model/finding.ts'

export const calicoNodeBackend = defineRule<Subject, never, 'felixNode'>({
  id: 'calico-node-backend',
  title: 'Calico backend against its node',
  why: 'Felix and the programs of a node, kube-proxy first, have to write their rules by the same iptables backend. A policy that names another one than the node needs cuts pods off the network there as soon as calico-node restarts.',
  remedy:
    'Set spec.calico.iptablesBackend of the policy to what the nodes need, which pidguard calico shows. Where no single value fits, leave it unset: set spec.iptablesBackend of the FelixConfiguration named default to what most nodes need, and of node.NAME on the others.',
  limits:
    'What a node needs is known by its operating system, for the distributions that are documented, and unknown for all others. What Felix uses is read from the log of its start, where `pods/log` may be read and the log still has it.',
  defaultMode: 'warn',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: [],
  optionalFacts: ['felixNode'],
  reads: () => [],
  check(_subject, { settings, felixNode }) {
    if (felixNode === undefined) return []
    const policy = settings.calico.iptablesBackend
    return nodeProblemsOf(felixNode, policy).map((problem) => ({
      pointer: '/status/nodeInfo/osImage',
      detail: detailOf(problem, felixNode, policy),
      ...texts[problem]
    }))
  }
})

const texts: Readonly<Record<NodeProblem, Pick<Finding, 'reason' | 'remedy'>>> = {
  'policy-against-need': { reason: 'the policy names a backend that the node does not need' },
  'policy-against-use': {
    reason: 'the policy names another backend than Felix uses',
    remedy:
      'Run iptables --version on the node before the policy is enforced: it prints (legacy) or (nf_tables). Where the policy is right, drain and reboot the node after calico-node was restarted there.'
  },
  'legacy-impossible': {
    reason: 'Legacy cannot work on the node',
    remedy: 'Set the backend of the node to NFT: its kernel has no ip_tables, so pods there have no network.'
  },
  'use-against-need': {
    reason: 'Felix uses another backend than its node',
    remedy:
      'Set the backend to what the node needs, then drain and reboot the node. Rules of both backends drop traffic of new pods.'
  }
}

function detailOf(problem: NodeProblem, { osImage, need, seen }: NodeRow, policy: string | undefined): string {
  const needs = `${quoted(osImage, 60)} needs ${need.backend}`
  switch (problem) {
    case 'policy-against-need':
      return `${needs}, the policy says ${policy}`
    case 'policy-against-use':
      return `Felix was seen to use ${seen}, the policy says ${policy}; what ${quoted(osImage, 60)} needs is not known`
    case 'legacy-impossible':
      return `Felix is set to Legacy, and ${quoted(osImage, 60)} has no ip_tables`
    case 'use-against-need':
      return `Felix was seen to use ${seen}, and ${needs}`
  }
}
