import { apiVersion, kind } from '../policy.ts'
import type { RuleInfo } from '../settings.ts'

/** A rule with the text that is printed beside its mode. */
type TitledRule = RuleInfo & { readonly title?: string }

/**
 * The default policy as a document to start from: every setting with its default, and why. It resolves to the same
 * as an empty document, so any part of it may be deleted.
 */
export function defaultPolicyText(rules: readonly TitledRule[]): string {
  return `${head}${rules.map(ruleLine).join('')}${tail}`
}

function ruleLine({ id, defaultMode, title }: TitledRule): string {
  return `    ${id}: ${defaultMode}${title === undefined ? '' : ` # ${title}`}\n`
}

const head = `# What pidguard enforces: in the webhook, in CI (pidguard validate) and in audits.
# Each value is the default; delete what you do not change. Mistakes are reported with line and column:
# pidguard policy check FILE
apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: default
spec:
  # Rules about pods are off in these namespaces, also where an override sets a mode: a denied pod there can cost more
  # than the PIDs it would use. A list of yours replaces this one. Patterns with * and ? are allowed.
  systemNamespaces:
    - kube-system
    - kube-public
    - kube-node-lease
    - calico-system
    - calico-apiserver
    - tigera-operator
    - pidguard-system

  # enforce denies, warn warns the user who applies the object, audit only records, off turns the rule off.
  rules:
`

const tail = `
  # What resource-requests adds to containers that have no request. Small on purpose: enough to leave the QoS class
  # BestEffort, the first to be evicted. Requests do not bound threads; only podPidsLimit of the kubelet does.
  requests:
    bestEffortPods: reject # a pod without any request is denied; inject adds requests instead
    cpu: 10m
    memory: 32Mi

  # Tasks (threads), which is what the kernel counts against pid_max and pids.max.
  pids:
    estimate: 50 # for a pod that declares none, was never observed and matches no profile
    # limit: 500 # no default: only you know what a pod may have; it is written on pods as pidguard.io/pids-limit
    trustDeclared: false # pidguard.io/pids counts, unless the workload is known to hold more
    profiles: [] # the first that matches a pod is used, for example:
    # - name: dotnet
    #   match:
    #     images: ['*/dotnet/*', 'mcr.microsoft.com/dotnet/*'] # one of the pod's images
    #     selector: {matchLabels: {runtime: dotnet}} # and its labels; one of both is enough
    #   estimate: 120
    #   limit: 400
    #   threadCap: {runtime: dotnet, threads: 200}

  # The PIDs that nodes must keep free.
  headroom:
    floor: 10% # of the ceiling, or a count; a shell to repair the node needs PIDs too
    maxAge: 60s # an older node reading counts as unknown, and unknown never denies
    claimShare: 50% # of free PIDs: what another namespace can keep from a pod by estimates alone
    budget: {}
    #   perNode: 2000 # no default: most tasks that one namespace may commit on one node
    #   total: 20000 # no default: the same over all nodes
    urgentPriority: 2000000000 # system-cluster-critical: from this priority on pods are warned about, never denied
    # When true, pods without room go Pending instead of being denied, so that an autoscaler adds nodes, and also the
    # last node of a pool may be tainted. Cluster Autoscaler needs --status-taint=pidguard.io/low-pids for that.
    autoscaled: false
    # When true, PIDs are a resource of the scheduler, pidguard.io/pids: each node offers what is free above the floor,
    # a new pod requests its estimate, and one without room is Pending. It needs the component scheduler, and then
    # taintNodes stays false. Set it to false to leave.
    schedulePids: false
    # When true, a node is tainted pidguard.io/low-pids=:NoSchedule where one more pod of the default estimate would
    # reach into the floor, and pods go elsewhere. It needs the right to write Nodes, which the component node-taints
    # gives and no overlay does.
    taintNodes: false
    maxTaintedShare: 25% # of the nodes at once, rounded up, never the last: a false reading cannot close the cluster
    taintHysteresis: 5% # of the ceiling, or a count: what must be free beyond that before the taint is removed

  # The limits beyond which an audit reports a node or a pod.
  audit:
    pidMax: 100000 # least of pid_max and threads-max; 32768 was too low in three outages, 16 GiB give 125000
    usage: 80% # of either ceiling of a node
    podShare: 20% # of the lower ceiling of its node, held by one pod
    ownLimit: 90% # of podPidsLimit, of the limit of a container, or of TasksMax of a unit such as kubelet.service
    holderShare: 10% # of what is in use on a node: what holds less is not named as a holder

  calico:
    # No default: pidguard does not guess, since the wrong backend cuts a node off. On a node, "iptables --version"
    # prints (legacy) or (nf_tables); write Legacy or NFT accordingly. Until this is set, DaemonSets that leave the
    # backend to detection are warned about and get none; calico-update-strategy sets OnDelete all the same.
    # iptablesBackend: NFT
    operatorManaged: report # the tigera operator undoes changes to its DaemonSets; mutate changes what it writes
    # With OnDelete a changed template restarts calico-node on a node only when a person deletes its pod. With hold,
    # RollingUpdate stays, and a change that would restart calico-node is refused while a node is below its floor.
    updateStrategy: OnDelete
    # With true the controller itself repairs a DaemonSet that is out of policy, such as one that was written while
    # pidguard was down: the strategy first, so that nothing restarts. Never what an operator owns. Needs the
    # component calico-repair.
    repair: false

  # Other settings for some namespaces. The first that matches is a namespace's only one; what it leaves out is
  # inherited from above, and the value none removes a limit or a budget.
  overrides: []
  # - name: batch
  #   namespaces:
  #     names: [batch-*]
  #     selector: {matchLabels: {team: data}} # where both are given, both must match
  #   rules: {best-effort: warn}
  #   headroom: {floor: 30%}

  # Objects that are exempt from rules, each with a reason and an end.
  exemptions: []
  # - rules: [best-effort] # or '*'
  #   namespaces: [legacy] # any of namespaces, kinds, names and selector; all that are given must match
  #   kinds: [Deployment]
  #   names: [report-*]
  #   reason: Vendor image, request filed as OPS-123
  #   expires: 2027-01-31 # the last day, UTC

  # Kinds of your own that make pods, and where pidguard validate finds these. Well-known ones need no entry.
  podTemplates: []
  # - group: example.com
  #   kind: Widget
  #   template: /spec/parts/*/template # * is every item; or podSpec, for a pod spec without metadata
  #   replicas: /spec/size

  # What the owner of a Namespace may set on it by annotation, within these bounds. Others are ignored.
  namespaceTuning: {}
  #   pids: {min: 10, max: 500} # pidguard.io/default-pids
  #   cpu: {max: 500m} # pidguard.io/default-cpu-request
  #   memory: {max: 1Gi} # pidguard.io/default-memory-request
  #   floor: {min: 5%, max: 50%} # pidguard.io/headroom-floor
`
