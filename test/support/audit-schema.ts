import { z } from 'zod'
import { toldRuntimes } from '../../src/kubernetes/pods/told-runtime.ts'
import { withoutCeilingReasons } from '../../src/model/nodes-without-ceiling.ts'
import { auditApiVersion, auditLevels, mostTop } from '../../src/report/audit/audit-report.ts'
import { failOns } from '../../src/report/validate-report.ts'

const count = () => z.int().min(0)
const figure = () => count().nullable().describe('Tasks; null: not known.')
const limit = () => z.union([count(), z.literal('unlimited')]).nullable()
const share = () => z.number().min(0).nullable().describe('From 0; null: not known.')
const ceiling = z.strictObject({ limit: limit(), inUse: figure() })
const levels = { deny: count(), warn: count(), change: count(), audit: count() }

const object = z.strictObject({
  apiVersion: z.string().describe('Empty where only a child was seen, which does not say it.'),
  kind: z.string(),
  namespace: z.string().describe('Empty where the kind has none.'),
  name: z.string()
})

const calicoNode = z.strictObject({
  node: z.string(),
  daemonSet: z.string().nullable().describe('namespace/name; null: no pod of Felix is known to run there.'),
  backend: z.enum(['Legacy', 'NFT', 'detection', 'none', 'invalid']).nullable().describe('What Felix is set to.'),
  setBy: z.enum(['variable', 'node', 'default', 'built-in']).nullable().describe('What sets it; null: not known.'),
  decidesNothing: z.enum(['nftables', 'VPP']).nullable().describe('Why the backend decides nothing there.'),
  bpf: z.boolean().nullable().describe('Felix is set to BPF there; null: not known.'),
  seen: z.enum(['Legacy', 'NFT']).nullable().describe('What Felix was seen to use since it started.'),
  revision: z.enum(['newest', 'old']).nullable().describe('Of the pod.'),
  osImage: z.string().nullable(),
  kernel: z.string().nullable(),
  needs: z.enum(['Legacy', 'NFT']).nullable().describe('What the operating system needs; null: not known.'),
  legacyImpossible: z.boolean().describe('Its kernel has no ip_tables.')
})

const finding = z.strictObject({
  ruleId: z.string(),
  level: z
    .enum(auditLevels)
    .describe('What would follow if the object were written now; change: the webhook would fix it.'),
  reason: z.string().describe('Constant for its rule, to group by.'),
  detail: z.string(),
  pointer: z.string().describe('JSON Pointer of the field in the object, or in a child where only children have it.'),
  field: z
    .string()
    .optional()
    .describe(
      'The pointer with names for the numbers in it, by which a later report knows it again; absent: the same.'
    ),
  remedy: z.string().optional().describe('What to do; absent: what the rule says.'),
  object,
  children: count().describe('Pods of the object that have the same.'),
  change: z.enum(['new', 'unchanged']).nullable().describe('Against the report of --since; null without one.')
})

const unchecked = z.array(z.strictObject({ ruleId: z.string(), reason: z.string(), objects: z.int().min(1) }))

const node = z.strictObject({
  node: z.string(),
  host: ceiling.describe('min(pid_max, threads-max), and every task on the node.'),
  kubepods: ceiling.describe('pids.max of the cgroup of all pods, and the tasks in it.'),
  tightest: z.enum(['node', 'kubepods']).nullable().describe('The ceiling with the least free.'),
  used: share().describe('Share in use of the ceiling that is closest to its limit.'),
  committed: figure().describe('In use there, and what pods have not shown yet of their estimates.'),
  floor: figure().describe('What the policy keeps free there.'),
  free: z
    .union([z.int(), z.literal('unlimited')])
    .nullable()
    .describe('What fits above the floor at both ceilings.'),
  age: z.number().min(0).nullable().describe('Milliseconds, of the reading.'),
  pods: count(),
  biggest: z.strictObject({ namespace: z.string(), name: z.string(), pids: count() }).nullable(),
  biggestWorkload: z
    .strictObject({ namespace: z.string(), kind: z.string(), name: z.string(), pids: count(), pods: count() })
    .nullable()
    .describe('The workload whose pods there hold the most together; pods: how many of them are read.'),
  places: z
    .strictObject({
      pods: figure().describe('In pods that the API server knows.'),
      unknownPods: figure().describe('In cgroups of pods that the API server does not know.'),
      unexplained: figure().describe('Under kubepods, but in none of its pods.'),
      outside: figure().describe('Outside of pods: kubelet, container runtime, kernel threads, VMs.')
    })
    .describe('Where the tasks of the node are.'),
  holders: z
    .array(
      z.strictObject({
        place: z.enum(['workload', 'unknown-pod', 'unknown-pods', 'unexplained', 'outside']),
        workload: z
          .strictObject({
            namespace: z.string(),
            kind: z.string(),
            name: z.string(),
            pods: count(),
            terminating: count().describe('Of these, pods that are being deleted and still hold tasks.')
          })
          .nullable(),
        cgroup: z.string().nullable().describe('The uid in the name of the cgroup of an unknown pod.'),
        pods: count().optional().describe('How many unknown pods, where they are named together.'),
        pids: count()
      })
    )
    .describe(
      'What holds at least audit.holderShare of the policy of what is in use at the fuller ceiling, the biggest first; at most three.'
    ),
  workloads: count().describe('Workloads with pods there whose tasks are known.'),
  biggestNamespace: z
    .strictObject({ namespace: z.string(), pids: count(), workloads: count() })
    .nullable()
    .describe('The namespace whose workloads, each of them small, hold most of what is in use; null: none does.'),
  pidPressure: z.boolean().nullable(),
  kubelet: z
    .strictObject({
      podPidsLimit: z.union([count(), z.literal('unlimited')]),
      reserved: figure().describe('systemReserved.pid and kubeReserved.pid together.'),
      eviction: z.string().nullable().describe('evictionHard pid.available; null: not set.')
    })
    .nullable()
    .describe('null: its configuration could not be read.'),
  withoutCeiling: z
    .enum(withoutCeilingReasons)
    .nullable()
    .describe('Why it has no ceiling of PIDs and was not asked; null: it has one.'),
  missing: z.array(z.string()).describe('Why something is not known.')
})

const basis = z
  .strictObject({
    nodes: count(),
    readings: count(),
    span: z.number().min(0).describe('Milliseconds between the first and the last.'),
    pods: count()
  })
  .describe('What it rests on.')

/** What pidguard audit -o json writes. Strict, so a field that is added to the one has to be added to the other. */
const audit = z.strictObject({
  apiVersion: z.literal(auditApiVersion),
  kind: z.literal('Audit'),
  version: z.string().describe('Of pidguard.'),
  takenAt: z.iso.datetime(),
  source: z.strictObject({
    kind: z.enum(['cluster', 'dump']),
    name: z.string(),
    readings: z.enum(['kubelet', 'prometheus', 'snapshot']).nullable()
  }),
  policy: z.string(),
  failOn: z.enum(failOns),
  actNow: z
    .number()
    .min(0)
    .max(1)
    .describe('Share of a ceiling from which a node is short: half way between audit.usage of the policy and 1.'),
  exitCode: z
    .union([z.literal(0), z.literal(1), z.literal(4)])
    .describe('0 clean, 1 findings that count, 4 none of these, but parts could not be looked at.'),
  summary: z.strictObject({
    nodes: count(),
    nodesRead: count(),
    pods: count(),
    podsRead: count(),
    namespaces: count(),
    checked: count().describe('Objects that at least one rule looked at.'),
    checkedByRule: z
      .array(z.strictObject({ ruleId: z.string(), objects: count() }))
      .describe('Every rule, with the objects it checked. 0: it was not asked, or nothing was there for it.'),
    levels: z.strictObject(levels),
    byRule: z.array(z.strictObject({ ruleId: z.string(), children: count(), ...levels })),
    byNamespace: z.array(z.strictObject({ namespace: z.string(), ...levels })),
    podSizes: z.array(z.strictObject({ from: count(), to: count(), pods: z.int().min(1) }))
  }),
  actions: z
    .array(
      z.strictObject({
        ruleId: z.string(),
        remedy: z.string().optional().describe('What to do; absent: what the rule says.'),
        objects: z.int().min(1),
        examples: z
          .array(z.strictObject({ object, detail: z.string() }))
          .min(1)
          .max(3)
      })
    )
    .describe('What to do, the most urgent first: one entry for each rule and remedy.'),
  rules: z.array(z.strictObject({ id: z.string(), title: z.string(), why: z.string(), remedy: z.string() })),
  findings: z.array(finding),
  gaps: z
    .array(z.strictObject({ part: z.string(), reason: z.string(), detail: z.string(), nodes: count().nullable() }))
    .describe('Parts that could not be looked at.'),
  skips: unchecked.describe('Rules that could not be checked. Skipped is not passed.'),
  faults: z.array(
    z.strictObject({
      ruleId: z.string(),
      mode: z.enum(['off', 'audit', 'warn', 'enforce']),
      message: z.string(),
      object
    })
  ),
  exempted: unchecked.describe('Rules that the policy exempts objects from.'),
  nodes: z.array(node).describe('Fullest first.'),
  pods: z
    .array(
      z.strictObject({
        namespace: z.string(),
        name: z.string(),
        workload: z.strictObject({ kind: z.string(), name: z.string() }),
        node: z.string(),
        pids: count(),
        share: share().describe('Of the lower ceiling of its node.'),
        limit: figure().describe('pids.max of the pod; null: none, or not known.'),
        estimate: count().describe('What it is counted with at least.'),
        estimateFrom: z.string().describe('Where that figure comes from, in words.')
      })
    )
    .max(mostTop),
  workloads: z
    .array(
      z.strictObject({
        namespace: z.string(),
        kind: z.string(),
        name: z.string(),
        pids: count(),
        peak: count(),
        pods: count(),
        read: count(),
        nodes: count(),
        runtime: z
          .strictObject({ runtime: z.enum(toldRuntimes), by: z.string(), isCapped: z.boolean() })
          .optional()
          .describe('What its program runs on, and what tells it; absent: its pods do not tell.')
      })
    )
    .max(mostTop),
  calico: z.array(calicoNode).describe('Every node, where there is a DaemonSet of Calico.'),
  recommendations: z
    .strictObject({
      pools: z
        .array(
          z.strictObject({
            pool: z.string(),
            platform: z.enum(['eks', 'gke', 'aks', 'kubeadm']),
            basis,
            lack: z.string().nullable().describe('Why nothing is recommended; null: enough was seen.'),
            settings: z.array(
              z.strictObject({ name: z.string(), value: z.string(), reason: z.string(), source: z.string() })
            ),
            checks: z.array(z.string()).describe('How the settings fit each other.')
          })
        )
        .max(mostTop),
      workloads: z
        .array(
          z.strictObject({
            namespace: z.string(),
            kind: z.string(),
            name: z.string(),
            basis,
            peak: count(),
            estimate: count().nullable().describe('null: it is an outlier, whose threads are to be bounded first.'),
            runtime: z
              .strictObject({ name: z.string(), by: z.string() })
              .nullable()
              .describe('null: its pods do not tell.'),
            knob: z.string().nullable().describe('What caps its threads; null: not known, or capped already.')
          })
        )
        .max(mostTop)
    })
    .describe('Settings and estimates, by this audit and the earlier one.'),
  since: z
    .strictObject({
      takenAt: z.iso.datetime(),
      levels: z.strictObject(levels),
      new: count(),
      unchanged: count(),
      fixed: z.array(finding),
      unknown: count().describe('Findings that were there and that this report could not look for.'),
      nodes: z.array(node.pick({ node: true, host: true, kubepods: true, used: true }))
    })
    .nullable(),
  notes: z.array(z.string())
})

/** The published JSON Schema. */
export function auditJsonSchema(): object {
  return z.toJSONSchema(audit, { target: 'draft-2020-12' })
}
