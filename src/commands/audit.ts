import type { AuditDeps } from '../audit/audit-deps.ts'
import { type Audited, audit, withGaps } from '../audit/build-report.ts'
import { readEarlier } from '../audit/earlier/read.ts'
import { controllerKinds } from '../audit/listed-kinds.ts'
import { KubeReportStore } from '../audit/policy-reports/kube-report-store.ts'
import { NotedUids } from '../audit/policy-reports/owner-uids.ts'
import { publish } from '../audit/policy-reports/publish.ts'
import { kubeProxyMode } from '../calico/read-calico.ts'
import { readStartLogs } from '../calico/read-start-logs.ts'
import { fallbackNote } from '../doctor/fallback-checks.ts'
import { readAdmissionPolicies } from '../doctor/read-installation.ts'
import { RuleIndex } from '../engine/rule-index.ts'
import { AppError } from '../errors.ts'
import { clock } from '../host/clock.ts'
import { buildInputs, readText } from '../host/files/input-files.ts'
import { loadFilePolicy } from '../host/policy-once.ts'
import { buildProgress } from '../host/progress-line.ts'
import { kubeletCredentials, kubeletOptions, liveReadings } from '../host/reading-source.ts'
import { readSnapshotFile } from '../host/snapshot-file.ts'
import { readAddresses, type TakeOptions, withAddress } from '../host/take-snapshot.ts'
import { inLittleMemory } from '../host/v8/garbage.ts'
import { version } from '../host/version.ts'
import { DumpObjects } from '../input/dump-objects.ts'
import { type KubeApi, KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import { KubeError } from '../kube/kube-error.ts'
import { ObjectLists } from '../kube/object-lister.ts'
import { PacedApi } from '../kube/rate-limited-api.ts'
import { readServerVersion } from '../kube/server-version-reader.ts'
import { knownTemplatePlaces } from '../kubernetes/pods/template-places.ts'
import { groupKindOf, groupOf } from '../kubernetes/workloads.ts'
import type { CallCredentialsSource } from '../ports/credentials.ts'
import { KubeletConfigReader } from '../readings/kubelet/kubelet-config.ts'
import { noConfigs, noReadings } from '../readings/no-readings.ts'
import type { AuditReport, AuditSource } from '../report/audit/audit-report.ts'
import type { ReportContent } from '../report/audit/policy-report.ts'
import type { FailOn } from '../report/validate-report.ts'
import { auditRules, policyRules } from '../rules/index.ts'
import type { ReadingSource } from '../server/metrics/headroom-metrics.ts'
import { snapshotReadings } from '../snapshot/snapshot.ts'
import { ageNote } from '../snapshot/snapshot-age.ts'
import type { FilePolicy } from '../validate/object-judge.ts'
import { readOutputs } from '../validate/output-flags.ts'
import { auditFormats, writeAudit } from './audit-formats.ts'
import type { InputFlags } from './inputs/chosen-inputs.ts'

export interface AuditFlags extends Omit<TakeOptions, 'readings'>, Pick<InputFlags, 'filename' | 'exclude'> {
  /** false for --no-color. */
  readonly color?: boolean
  readonly quiet?: boolean
  readonly readings?: ReadingSource
  readonly output?: readonly string[]
  readonly failOn: FailOn
  readonly policy?: string
  readonly since?: string
  readonly snapshot?: string
  /** What report objects in the cluster say; `off`: none are written, and those there are stay. */
  readonly reportObjects: ReportContent | 'off'
  /** Calls of the API server a second at most; 0: as many as it answers. */
  readonly kubeApiQps: number
}

/** `pidguard audit`: of a cluster, or of what the paths and the snapshot hold. Gives back the exit code. */
export async function runAudit(args: readonly string[], flags: AuditFlags): Promise<number> {
  const paths = [...args, ...(flags.filename ?? [])]
  const outputs = readOutputs(flags.output ?? [], auditFormats)
  const earlier = flags.since === undefined ? undefined : readEarlier(flags.since, readText('--since', flags.since))
  // As in serve: with --readings snapshot, the snapshot only replaces the readings of a cluster; otherwise it replaces the
  // cluster itself.
  const isDump = paths.length > 0 || (flags.snapshot !== undefined && flags.readings !== 'snapshot')
  if (isDump && flags.reportObjects !== 'off') {
    throw new AppError('ERR_USAGE', '--report-objects writes into the cluster that is audited; files have none')
  }
  const report = isDump ? await auditDump(paths, flags, earlier) : await auditCluster(flags, earlier)
  for (const output of outputs) await writeAudit(output, report, flags)
  return report.exitCode
}

async function auditDump(
  paths: readonly string[],
  flags: AuditFlags,
  earlier: AuditReport | undefined
): Promise<AuditReport> {
  const snapshot = flags.snapshot === undefined ? undefined : await readSnapshotFile(flags.snapshot)
  const source: AuditSource = {
    kind: 'dump',
    name: [...paths, ...(flags.snapshot === undefined ? [] : [flags.snapshot])].join(' '),
    readings: snapshot === undefined ? null : 'snapshot'
  }
  const { report } = await auditWith(flags, earlier, source, {
    objects: new DumpObjects(paths, buildInputs({ exclude: flags.exclude ?? [] }), snapshot),
    readings:
      snapshot === undefined
        ? noReadings('files do not say what nodes use; give --snapshot, as pidguard top nodes -o snapshot writes it')
        : snapshotReadings(snapshot, { ...clock, now: () => snapshot.takenAt }),
    configs: noConfigs('files do not say how kubelets are configured; an audit of the cluster itself does'),
    targetOf: (facts) => facts,
    // The age of a reading counts to when the snapshot was taken.
    ...(snapshot === undefined ? undefined : { now: () => snapshot.takenAt }),
    notes: snapshot === undefined ? [] : noteOf(snapshot.takenAt)
  })
  if (report.summary.checked + report.summary.nodes === 0) {
    // A run that checks nothing must not be green, and is no audit with a gap.
    const unread = report.gaps.map(({ part, detail }) => `${part}: ${detail}`)
    const left = report.notes.filter((note) => note.startsWith('not checked: '))
    const nothing = [`${source.name}: no Kubernetes object that an audit looks at`, ...left].join('\n')
    throw new AppError('ERR_USAGE', unread.join('\n') || nothing)
  }
  return report
}

async function auditCluster(flags: AuditFlags, earlier: AuditReport | undefined): Promise<AuditReport> {
  const { kubeconfig, context } = flags
  const credentials = await findCredentials({ kubeconfig, context, env: process.env, clock })
  const addresses = readAddresses(flags.kubeletAddress ?? [])
  const client = new KubeClient(credentials)
  const nodes = await nodeSources(flags, kubeletCredentials(flags, client, credentials, clock))
  const qps = flags.kubeApiQps === 0 ? undefined : flags.kubeApiQps
  const api = qps === undefined ? client : new PacedApi(client, qps, clock)
  const progress = buildProgress(process.stderr, () => clock.monotonic())
  const frugal = inLittleMemory(progress)
  const { signal } = new AbortController()
  try {
    const source: AuditSource = { kind: 'cluster', name: credentials.server, readings: nodes.source }
    const lists = new ObjectLists(api, frugal, signal)
    const objects = new NotedUids(lists)
    const { report, coverage } = await auditWith(flags, earlier, source, {
      objects: flags.reportObjects === 'off' ? lists : objects,
      readings: nodes.readings,
      configs: nodes.configs,
      nodesPerSecond: qps,
      serverVersion: await readServerVersion(api, signal),
      targetOf: (facts) => withAddress(facts, addresses.get(facts.name)),
      calico: {
        kubeProxyMode: () => kubeProxyMode(api),
        seen: async (pods) => (await readStartLogs(api, pods, signal)).seen
      },
      notes: await fallbackNotes(api),
      progress: frugal,
      signal
    })
    if (flags.reportObjects === 'off') return report
    const store = new KubeReportStore(api, lists, signal)
    const uidOf = (key: string) => objects.uidOf(key)
    return withGaps(report, await publish(report, flags.reportObjects, { store, coverage, uidOf, progress: frugal }))
  } finally {
    progress.end()
    await Promise.all([client.close(), nodes.close()])
  }
}

/** Nothing where pidguard is not registered: then nobody expects it to check anything. */
async function fallbackNotes(api: KubeApi): Promise<readonly string[]> {
  try {
    await api.call('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/pidguard')
    return [fallbackNote(await readAdmissionPolicies(api))]
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    return error.failure === 'not-found' ? [] : [fallbackNote(undefined)]
  }
}

interface NodeSources extends Pick<AuditDeps, 'readings' | 'configs'> {
  readonly source: ReadingSource
  close(): Promise<void>
}

/** Where the readings of nodes come from, and the configuration of their kubelets. */
async function nodeSources(flags: AuditFlags, credentials: CallCredentialsSource): Promise<NodeSources> {
  const source = flags.readings ?? 'kubelet'
  if (source === 'snapshot') {
    if (flags.snapshot === undefined) throw new AppError('ERR_USAGE', '--readings snapshot needs --snapshot FILE')
    const readings = snapshotReadings(await readSnapshotFile(flags.snapshot), clock)
    const configs = noConfigs('a snapshot does not say how kubelets are configured; --readings kubelet does')
    return { source, readings, configs, async close() {} }
  }
  const readings = await liveReadings(source, flags, credentials, clock)
  if (source === 'prometheus') {
    const configs = noConfigs('Prometheus does not say how kubelets are configured; --readings kubelet does')
    return { source, readings, configs, close: () => readings.close() }
  }
  const configs = new KubeletConfigReader(await kubeletOptions(flags, credentials, clock))
  return { source, readings, configs, close: async () => void (await Promise.all([readings.close(), configs.close()])) }
}

type Sources = Pick<AuditDeps, 'objects' | 'readings' | 'configs' | 'targetOf'> &
  Partial<Pick<AuditDeps, 'progress' | 'signal' | 'calico' | 'now' | 'nodesPerSecond' | 'serverVersion' | 'notes'>>

async function auditWith(
  { policy: path, failOn }: AuditFlags,
  earlier: AuditReport | undefined,
  source: AuditSource,
  sources: Sources
): Promise<Audited> {
  const policy = await loadFilePolicy(path, policyRules, clock.now())
  return audit(
    { version, source, policyName: path ?? 'built-in default', failOn, earlier },
    {
      rules: new RuleIndex(auditRules),
      policy,
      templateKinds: templateKindsOf(source, policy),
      now: () => clock.now(),
      progress: { step() {} },
      signal: new AbortController().signal,
      ...sources,
      notes: [...(sources.notes ?? []), ...(policy.notes ?? [])]
    }
  )
}

/**
 * Of files, all kinds whose pod templates are known. Of a cluster those that its policy names: to list the others takes rights that nobody
 * has given, and their pods are checked as all pods are.
 */
function templateKindsOf({ kind }: AuditSource, { ownKinds = new Map() }: FilePolicy): AuditDeps['templateKinds'] {
  const known = kind === 'dump' ? new Map([...knownTemplatePlaces, ...ownKinds]) : new Map(ownKinds)
  for (const { kind: each, apiVersions } of controllerKinds)
    known.delete(groupKindOf(groupOf(apiVersions[0] ?? ''), each))
  return known
}

function noteOf(takenAt: number): readonly string[] {
  const note = ageNote(takenAt, clock.now())
  return note === undefined ? [] : [note]
}
