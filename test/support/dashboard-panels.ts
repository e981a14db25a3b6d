/** What the Grafana dashboard shows, row by row. `dashboard.ts` makes Grafana's JSON of it. */
export interface PanelSpec {
  readonly title: string
  /** Behind the (i) of the panel: how to read it, and what to do about it. */
  readonly description: string
  /** stat: one figure now; table: the figures now, one column for each query; timeseries: over time. */
  readonly type: 'stat' | 'table' | 'timeseries'
  /** Grafana's name of the unit. */
  readonly unit: 's' | 'bytes' | 'percentunit' | 'reqps' | 'short' | 'none'
  readonly queries: readonly (readonly [expr: string, legend: string])[]
  /** From here on it is yellow, and red; ascending, or descending where less is worse. */
  readonly limits?: readonly [warning: number, critical: number]
  /** Columns of 24. */
  readonly width: number
  readonly stacked?: boolean
}

export interface RowSpec {
  readonly title: string
  readonly panels: readonly PanelSpec[]
}

/** Of the installation that is looked at. */
const here = 'namespace=~"$namespace"'
const rate = '[$__rate_interval]'
/** Of series that every Node.js program has: those of our replicas. */
const ours = `and on (namespace, pod) pidguard_policy_generation{${here}}`
const webhooks = 'name=~".*pidguard[.]io"'
const share = (ceiling: string): string =>
  `topk(20, max by (node) (pidguard_node_pids{${here}, ceiling="${ceiling}"}) / max by (node) (pidguard_node_limit_pids{${here}, ceiling="${ceiling}"}))`
const leastRoom = `bottomk(20, min by (node, ceiling) (pidguard_node_free_pids{${here}}))`
const quantile = (q: number): string =>
  `histogram_quantile(${q}, sum by (webhook, le) (rate(pidguard_review_duration_seconds_bucket{${here}}${rate})))`

const glance: RowSpec = {
  title: 'At a glance',
  panels: [
    {
      title: 'Replicas that answer',
      description: 'Three are installed. None: pods are created unchecked, or wait with the strict overlay.',
      ...{ type: 'stat', unit: 'none', width: 4, limits: [2, 1] },
      queries: [[`count(pidguard_policy_generation{${here}})`, '']]
    },
    {
      title: 'Nodes that are known',
      description:
        'Share of nodes with a fresh reading under both ceilings, as the replica says that knows the least. Where a pod could land on one of the others, nothing is denied for PIDs.',
      ...{ type: 'stat', unit: 'percentunit', width: 4, limits: [0.99, 0.9] },
      queries: [
        [
          `min(sum by (namespace, pod) (pidguard_nodes{${here}, known="fresh"}) / sum by (namespace, pod) (pidguard_nodes{${here}}))`,
          ''
        ]
      ]
    },
    {
      title: 'Nodes below their floor',
      description: 'The PIDs that the policy keeps free are used or promised there. pidguard top nodes names them.',
      ...{ type: 'stat', unit: 'none', width: 4, limits: [1, 5] },
      queries: [[`max(pidguard_nodes_below_floor{${here}})`, '']]
    },
    {
      title: 'Denied in an hour',
      description: 'Reviews that a rule denied. 0 is said only where a replica is there to say it.',
      ...{ type: 'stat', unit: 'none', width: 4 },
      queries: [
        [
          `sum(increase(pidguard_reviews_total{${here}, result="denied"}[1h])) or 0 * count(pidguard_policy_generation{${here}})`,
          ''
        ]
      ]
    },
    {
      title: 'Certificate ends in',
      description: 'The one that ends first. It is renewed 30 days before; see pidguard doctor.',
      ...{ type: 'stat', unit: 's', width: 4, limits: [14 * 86_400, 3 * 86_400] },
      queries: [[`min(pidguard_certificate_expiry_timestamp_seconds{${here}}) - time()`, '']]
    },
    {
      title: 'Last audit',
      description: 'How long ago it ended, and so how old its findings are. No data: the component audit is not there.',
      ...{ type: 'stat', unit: 's', width: 4, limits: [7_200, 14_400] },
      queries: [[`time() - max(pidguard_audit_last_success_timestamp_seconds{${here}})`, '']]
    },
    {
      title: 'Alerts that fire',
      description: 'Of manifests/components/monitoring. What to do stands in their descriptions.',
      ...{ type: 'table', unit: 'none', width: 24 },
      queries: [['ALERTS{alertname=~"Pidguard.*", alertstate="firing"}', 'firing']]
    }
  ]
}

const admission: RowSpec = {
  title: 'Admission',
  panels: [
    {
      title: 'Reviews by result',
      description:
        'By the worst that happened to them. fault: a rule failed, and an enforcing one denied; malformed: no AdmissionReview; late: its caller waited no longer.',
      ...{ type: 'timeseries', unit: 'reqps', width: 8, stacked: true },
      queries: [[`sum by (webhook, result) (rate(pidguard_reviews_total{${here}}${rate}))`, '{{webhook}} {{result}}']]
    },
    {
      title: 'Time of a review',
      description: 'From the complete body to the answer, inside of pidguard. Less than a millisecond is usual.',
      ...{ type: 'timeseries', unit: 's', width: 8 },
      queries: [
        [quantile(0.5), 'p50 {{webhook}}'],
        [quantile(0.9), 'p90 {{webhook}}'],
        [quantile(0.99), 'p99 {{webhook}}']
      ]
    },
    {
      title: 'Time of a call, as the API server sees it',
      description:
        'p99 with the network in it. It ends at timeoutSeconds: 3 s, 1 s of bindings. Older API servers have coarse buckets.',
      ...{ type: 'timeseries', unit: 's', width: 8 },
      queries: [
        [
          `histogram_quantile(0.99, sum by (name, le) (rate(apiserver_admission_webhook_admission_duration_seconds_bucket{${webhooks}}${rate})))`,
          '{{name}}'
        ]
      ]
    },
    {
      title: 'What rules did',
      description: 'skip: a fact was not known, so the rule could not be asked; exempt: an exemption let it through.',
      ...{ type: 'timeseries', unit: 'reqps', width: 8, stacked: true },
      queries: [[`sum by (rule, outcome) (rate(pidguard_decisions_total{${here}}${rate})) > 0`, '{{rule}} {{outcome}}']]
    },
    {
      title: 'Denials by rule, in the time shown',
      description: 'pidguard rules ID says why a rule denies and what to do.',
      ...{ type: 'table', unit: 'short', width: 8 },
      queries: [
        [`sort_desc(sum by (rule) (increase(pidguard_decisions_total{${here}, outcome="deny"}[$__range])))`, 'denials']
      ]
    },
    {
      title: 'Calls that failed, by the API server',
      description:
        'refused: the object was not created because pidguard did not answer; unchecked: it was created without a look (counted by v1.24 and newer).',
      ...{ type: 'timeseries', unit: 'reqps', width: 8 },
      queries: [
        [
          `sum by (name) (rate(apiserver_admission_webhook_rejection_count{${webhooks}, error_type!="no_error"}${rate}))`,
          'refused {{name}}'
        ],
        [`sum by (name) (rate(apiserver_admission_webhook_fail_open_count{${webhooks}}${rate}))`, 'unchecked {{name}}']
      ]
    }
  ]
}

const nodes: RowSpec = {
  title: 'Nodes',
  panels: [
    {
      title: 'Share of the kubepods ceiling in use',
      description:
        'All pods of a node against pids.max of the cgroup kubepods: the 20 that are fullest. At 100 % threads of pods are refused, calico-node among them.',
      ...{ type: 'timeseries', unit: 'percentunit', width: 8, limits: [0.8, 0.9] },
      queries: [[share('kubepods'), '{{node}}']]
    },
    {
      title: 'Share of the node ceiling in use',
      description:
        'All tasks of a node against the smaller of pid_max and threads-max, as its kubelet says: the 20 that are fullest. At 100 % nothing can fork there.',
      ...{ type: 'timeseries', unit: 'percentunit', width: 8, limits: [0.8, 0.9] },
      queries: [[share('node'), '{{node}}']]
    },
    {
      title: 'The same, by node_exporter',
      description: 'No data: its collector processes is off, which is the default. Add --collector.processes.',
      ...{ type: 'timeseries', unit: 'percentunit', width: 8, limits: [0.8, 0.9] },
      queries: [
        [
          'topk(20, max by (instance) (node_processes_threads) / min by (instance) ({__name__=~"node_processes_max_processes|node_processes_max_threads"}))',
          '{{instance}}'
        ]
      ]
    },
    {
      title: 'Nodes with the least room',
      description:
        'Of the ceiling with less room. free is what is left above the floor, with what pods have not shown yet taken off; below 0 the floor is used. pidguard top pods --node NODE names who holds them.',
      ...{ type: 'table', unit: 'none', width: 16 },
      queries: [
        [leastRoom, 'free'],
        [`max by (node, ceiling) (pidguard_node_pids{${here}}) and ${leastRoom}`, 'in use'],
        [`min by (node, ceiling) (pidguard_node_limit_pids{${here}}) and ${leastRoom}`, 'limit'],
        [`max by (node, ceiling) (pidguard_node_floor_pids{${here}}) and ${leastRoom}`, 'floor']
      ]
    },
    {
      title: 'Age of readings, the 20 oldest',
      description:
        'Readings come every 15 s and count for 60 s. pidguard top nodes --node NODE says what its kubelet answers.',
      ...{ type: 'table', unit: 's', width: 8, limits: [60, 600] },
      queries: [[`topk(20, time() - max by (node) (pidguard_node_reading_timestamp_seconds{${here}}))`, 'age']]
    },
    {
      title: 'Nodes by how well they are known',
      description: 'partial: one ceiling is not known; stale: the last reading is too old; unread: there was none.',
      ...{ type: 'timeseries', unit: 'none', width: 8, stacked: true },
      queries: [[`max by (known) (pidguard_nodes{${here}})`, '{{known}}']]
    },
    {
      title: 'Nodes that are low',
      description:
        'below the floor; near it; tainted by the leader; low and not tainted because maxTaintedShare are. The last three are said where the leader watches for it.',
      ...{ type: 'timeseries', unit: 'none', width: 8 },
      queries: [
        [`max(pidguard_nodes_below_floor{${here}})`, 'below the floor'],
        [`max(pidguard_nodes_near_floor{${here}})`, 'near the floor'],
        [`max(pidguard_tainted_nodes{${here}})`, 'tainted'],
        [`max(pidguard_low_untainted_nodes{${here}})`, 'low, not tainted'],
        [`max(pidguard_nodes_overfull{${here}})`, 'overfull, of those that offer PIDs'],
        [`max(pidguard_nodes_offering_pids{${here}})`, 'offer PIDs to the scheduler']
      ]
    },
    {
      title: 'Near a limit of its own',
      description:
        'podPidsLimit, the limit of a container, TasksMax of a unit: what uses most of it. not known: nodes whose readings have no such limits.',
      ...{ type: 'timeseries', unit: 'none', width: 8 },
      queries: [
        [`max by (of) (pidguard_near_limits{${here}})`, '{{of}}'],
        [`max(pidguard_nodes_limits_unknown{${here}})`, 'not known']
      ]
    },
    {
      title: 'DaemonSets of Calico',
      description:
        'As the leader sees them: as the policy says, or not; stopped are those whose repair was undone twice. Old pods run a revision before the newest.',
      ...{ type: 'timeseries', unit: 'none', width: 8 },
      queries: [
        [`max by (state) (pidguard_calico_daemonsets{${here}})`, '{{state}}'],
        [`max(pidguard_calico_old_pods{${here}})`, 'old pods'],
        [`sum by (result) (increase(pidguard_calico_repairs_total{${here}}${rate}))`, 'repair {{result}}']
      ]
    },
    {
      title: 'Tries to read nodes',
      description: 'whole, partial, or why there was no reading.',
      ...{ type: 'timeseries', unit: 'reqps', width: 8, stacked: true },
      queries: [
        [`sum by (source, result) (rate(pidguard_node_readings_total{${here}}${rate}))`, '{{source}} {{result}}']
      ]
    },
    {
      title: 'Nodes not read, or not in full',
      description:
        'At the last try, by reason. cri-stats: the container runtime counts there (PodAndContainerStatsFromCRI).',
      ...{ type: 'timeseries', unit: 'none', width: 8 },
      queries: [[`max by (reason) (pidguard_troubled_nodes{${here}})`, '{{reason}}']]
    },
    {
      title: 'Oldest reading',
      description: 'Of any node, by replica.',
      ...{ type: 'timeseries', unit: 's', width: 8, limits: [60, 600] },
      queries: [[`pidguard_oldest_reading_age_seconds{${here}}`, '{{pod}}']]
    },
    {
      title: 'Promised and not yet running',
      description:
        'Pods that count although they run nowhere yet, and the PIDs that those without a node are counted with.',
      ...{ type: 'timeseries', unit: 'none', width: 8 },
      queries: [
        [`max by (what) (pidguard_reservations{${here}})`, '{{what}}'],
        [`max(pidguard_waiting_pods{${here}})`, 'pods without a node'],
        [`max(pidguard_waiting_pids{${here}})`, 'their PIDs']
      ]
    },
    {
      title: 'Written on nodes',
      description:
        'Taints set and taken away, what nodes offer as pidguard.io/pids, Events of nodes near their floor, by what became of them; pods that a kubelet refused for it.',
      ...{ type: 'timeseries', unit: 'reqps', width: 8 },
      queries: [
        [`sum by (change, result) (rate(pidguard_node_taint_writes_total{${here}}${rate}))`, '{{change}} {{result}}'],
        [`sum by (result) (rate(pidguard_near_floor_events_total{${here}}${rate}))`, 'Event {{result}}'],
        [
          `sum by (reason, result) (rate(pidguard_node_capacity_writes_total{${here}}${rate}))`,
          'offer {{reason}} {{result}}'
        ],
        [`sum(rate(pidguard_out_of_pids_pods_total{${here}}${rate}))`, 'pods refused by kubelets']
      ]
    }
  ]
}

const audit: RowSpec = {
  title: 'Audit, as of the last one',
  panels: [
    {
      title: 'Findings by rule',
      description:
        'Objects of the cluster as it stands that break a rule. pidguard audit -o html=report.html names them.',
      ...{ type: 'timeseries', unit: 'none', width: 8, stacked: true },
      queries: [[`sum by (rule) (pidguard_audit_findings{${here}})`, '{{rule}}']]
    },
    {
      title: 'Findings by namespace, the 20 with the most',
      description:
        'deny, warn, change: what the webhook would do with the object today. Without a name: nodes and the like.',
      ...{ type: 'table', unit: 'none', width: 8 },
      queries: [
        // The namespace of the object: Prometheus calls it exported_namespace where it also labels the pod's own.
        [`topk(20, sum by (exported_namespace, level) (pidguard_audit_findings{${here}}))`, 'findings']
      ]
    },
    {
      title: 'Checked, and not checked',
      description: 'Not checked: a fact was lacking or the rule failed. It is not passed.',
      ...{ type: 'table', unit: 'none', width: 8 },
      queries: [
        [`max by (rule) (pidguard_audit_checked_objects{${here}})`, 'checked'],
        [`max by (rule) (pidguard_audit_unchecked_objects{${here}})`, 'not checked']
      ]
    },
    {
      title: 'Audits by result, in the time shown',
      description: 'incomplete: nothing was found, but parts could not be looked at.',
      ...{ type: 'table', unit: 'short', width: 8 },
      queries: [[`sum by (result) (increase(pidguard_audit_runs_total{${here}}[$__range]))`, 'audits']]
    },
    {
      title: 'Parts that could not be looked at',
      description:
        'The leader names the first in its log line "audit done", pidguard audit all of them. nodes/configz, how kubelets are configured, can be read from Kubernetes v1.33 on.',
      ...{ type: 'timeseries', unit: 'none', width: 8, limits: [1, 10] },
      queries: [[`max by (part) (pidguard_audit_gaps{${here}})`, '{{part}}']]
    },
    {
      title: 'Time an audit takes',
      description: 'Of the last one. It waits most of the time: it asks the API server ten times a second at most.',
      ...{ type: 'timeseries', unit: 's', width: 8 },
      queries: [[`max(pidguard_audit_duration_seconds{${here}})`, 'duration']]
    }
  ]
}

const replicas: RowSpec = {
  title: 'Replicas',
  panels: [
    {
      title: 'Event-loop lag, p99',
      description: 'A review that comes meanwhile waits that long. Much of it: too little CPU, or an audit beside it.',
      ...{ type: 'timeseries', unit: 's', width: 8 },
      queries: [[`nodejs_eventloop_lag_p99_seconds{${here}} ${ours}`, '{{pod}}']]
    },
    {
      title: 'Resident memory',
      description: 'The limit is 512 MiB; 1 GiB with the component audit.',
      ...{ type: 'timeseries', unit: 'bytes', width: 8 },
      queries: [[`process_resident_memory_bytes{${here}} ${ours}`, '{{pod}}']]
    },
    {
      title: 'CPU',
      description: 'Cores in use. Much of it without many reviews: a large cluster is read again, or an audit runs.',
      ...{ type: 'timeseries', unit: 'short', width: 8 },
      queries: [[`rate(process_cpu_seconds_total{${here}}${rate}) ${ours}`, '{{pod}}']]
    },
    {
      title: 'Silence of the API server',
      description: 'Up to 90 s are usual; after 180 s nothing is denied for PIDs any more.',
      ...{ type: 'timeseries', unit: 's', width: 8, limits: [120, 180] },
      queries: [[`max by (pod, resource) (pidguard_cache_silence_seconds{${here}})`, '{{pod}} {{resource}}']]
    },
    {
      title: 'What is held of the cluster',
      description: 'Objects in memory, and kinds that have not all been read yet.',
      ...{ type: 'timeseries', unit: 'short', width: 8 },
      queries: [
        [`max by (resource) (pidguard_cache_objects{${here}})`, '{{resource}}'],
        [`count by (pod) (pidguard_cache_synced{${here}} == 0)`, '{{pod}}: kinds not read yet']
      ]
    },
    {
      title: 'Lists and failures',
      description: 'A list again means that a watch was lost for good. Failures have their reason in the log.',
      ...{ type: 'timeseries', unit: 'reqps', width: 8 },
      queries: [
        [`sum by (resource) (rate(pidguard_cache_lists_total{${here}}${rate}))`, 'lists of {{resource}}'],
        [`sum by (resource) (rate(pidguard_cache_failures_total{${here}}${rate}))`, 'failures of {{resource}}']
      ]
    },
    {
      title: 'Certificate, policy',
      description: 'latest 0: the policy in the ConfigMap has mistakes, and the last good one is in force.',
      ...{ type: 'table', unit: 'none', width: 16 },
      queries: [
        [`max by (pod) (pidguard_policy_generation{${here}})`, 'policy generation'],
        [`max by (pod) (pidguard_policy_latest{${here}})`, 'latest'],
        [`max by (pod) (pidguard_policy_age_seconds{${here}}) / 3600`, 'hours in force'],
        [
          `(min by (pod) (pidguard_certificate_expiry_timestamp_seconds{${here}}) - time()) / 86400`,
          'days of certificate'
        ]
      ]
    },
    {
      title: 'Files that were read again',
      description: 'Policy and certificate: loaded, or kept because the new one has mistakes.',
      ...{ type: 'timeseries', unit: 'reqps', width: 8 },
      queries: [[`sum by (what, result) (rate(pidguard_reloads_total{${here}}${rate}))`, '{{what}} {{result}}']]
    }
  ]
}

export const rows: readonly RowSpec[] = [glance, admission, nodes, audit, replicas]
