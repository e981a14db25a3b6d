/** What a wait that gave up prints of the cluster: enough for a person who has nothing but the log of the run. */
export interface ClusterState {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly namespace: string
  readonly pods: Read<SeenPod>
  readonly replicaSets: Read<SeenReplicaSet>
  readonly nodes: Read<SeenNode>
  readonly events: Read<SeenEvent>
  readonly processes: Read<SeenProcess>
}

/** A list, or why it could not be read: that is not an empty one. */
export type Read<T> = readonly T[] | { readonly unread: string }

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
}

interface Meta {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly deletionTimestamp?: string
}

export interface SeenPod {
  readonly metadata: Meta
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly phase?: string
    /** As `Evicted`. */
    readonly reason?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly {
      readonly ready: boolean
      readonly restartCount: number
      readonly state?: { readonly waiting?: { readonly reason?: string } }
    }[]
  }
}

export interface SeenReplicaSet {
  readonly metadata: Meta
  readonly spec: { readonly replicas?: number }
  readonly status: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly conditions?: readonly Condition[]
  }
}

export interface SeenNode {
  readonly metadata: Meta
  readonly spec: {
    readonly unschedulable?: boolean
    readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  }
  readonly status: { readonly conditions?: readonly Condition[] }
}

/** Of the core group. What the scheduler writes has `eventTime` and `series`, the others `lastTimestamp` and `count`. */
export interface SeenEvent {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly involvedObject: { readonly kind?: string; readonly name?: string }
  readonly count?: number | null
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string } | null
}

export interface SeenProcess {
  readonly name: string
  /** How it ended; undefined while it runs. */
  readonly exit?: { readonly code: number | null; readonly signal: string | null } | undefined
  /** Its last lines, the newest last. */
  readonly lines: readonly string[]
}

/** Characters, own choice: what a person reads to the end. */
export const longestState = 8_000
/** Of it, what the logs have at least. */
const leastOfLogs = 2_500
/** Characters of a line, own choice: the widest that leaves room for the logs. A whole denial of a pod has some 550. */
const widths = [700, 500, 300, 200, 100] as const
const widest = widths[0]

/** One text without control characters but for the ends of lines, and at most `longestState` long. */
export function renderState(state: ClusterState): string {
  const sections = [
    [`Pods in ${state.namespace}`, eachOf(state.pods, (pods) => first(12, podLines(pods)))],
    ['Not scheduled', eachOf(state.pods, (pods) => first(5, unscheduled(pods)))],
    ['ReplicaSets', eachOf(state.replicaSets, (sets) => first(5, sets.filter(isUsed).flatMap(replicaSetLines)))],
    ['Nodes', eachOf(state.nodes, (nodes) => first(5, nodes.map(nodeLine)))],
    ['Events, the last ten that warn', eachOf(state.events, (events) => eventLines(events, state.at, true, 10))],
    ['Events, the last five others', eachOf(state.events, (events) => eventLines(events, state.at, false, 5))]
  ] as const
  const from = `At ${new Date(state.at).toISOString()}, times of logs are UTC.`
  const render = (width: number): string =>
    [from, ...sections.map(([title, lines]) => section(title, lines, width))].join('\n')
  const width = widths.find((each) => render(each).length <= longestState - leastOfLogs)
  const cluster = render(width ?? 100)
  const left = longestState - cluster.length - 1
  const logs = 'unread' in state.processes ? section('Logs', notRead(state.processes)) : logsOf(state.processes, left)
  const whole = `${cluster}\n${logs}`
  return whole.length <= longestState ? whole : `${whole.slice(0, longestState - 1)}…`
}

function section(title: string, lines: readonly string[], width: number = widest): string {
  const shown = lines.length === 0 ? ['none'] : lines
  return [`${title}:`, ...shown.map((line) => `  ${oneLine(line, width)}`)].join('\n')
}

/** Anything that moves a terminal's cursor, hides text or begins a line is a space. A denial ends with what it found, so a long line lacks its middle. */
function oneLine(text: string, width: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trimEnd()
  if (plain.length <= width) return plain
  const head = Math.floor((width - 3) / 2)
  return `${plain.slice(0, head)} … ${plain.slice(plain.length - (width - 3 - head))}`
}

function eachOf<T>(read: Read<T>, linesOf: (list: readonly T[]) => readonly string[]): readonly string[] {
  return 'unread' in read ? notRead(read) : linesOf(read)
}

function notRead({ unread }: { readonly unread: string }): string[] {
  return [`unknown, could not be read: ${unread}`]
}

function first(most: number, lines: readonly string[]): string[] {
  const rest = lines.length - most
  return rest <= 0 ? [...lines] : [...lines.slice(0, most), `and ${rest} more`]
}

/** Pods that are alike in app, phase and node are one line. */
function podLines(pods: readonly SeenPod[]): string[] {
  const groups = new Map<string, SeenPod[]>()
  for (const pod of pods) {
    const kind = kindOf(pod)
    groups.set(kind, [...(groups.get(kind) ?? []), pod])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, alike]) => `${alike.length} ${kind}`)
}

function kindOf({ metadata, spec, status }: SeenPod): string {
  const containers = status.containerStatuses ?? []
  const waits = containers.flatMap(({ state }) => state?.waiting?.reason ?? [])
  const isReady = containers.length > 0 && containers.every(({ ready }) => ready)
  const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0)
  return [
    `of ${metadata.labels?.['app'] ?? metadata.name}: ${status.phase ?? 'no phase'}`,
    spec.nodeName === undefined ? 'on no node' : `on ${spec.nodeName}`,
    isReady ? 'ready' : 'not ready',
    ...(status.reason === undefined ? [] : [status.reason]),
    ...waits,
    ...(restarts > 0 ? ['was restarted'] : []),
    ...(metadata.deletionTimestamp === undefined ? [] : ['being deleted'])
  ].join(', ')
}

function unscheduled(pods: readonly SeenPod[]): string[] {
  return pods.flatMap(({ metadata, status }) =>
    (status.conditions ?? [])
      .filter(({ type, status }) => type === 'PodScheduled' && status === 'False')
      .map((condition) => `${metadata.name}: ${because(condition)}`)
  )
}

function because({ reason = 'no reason', message = 'no message' }: Condition): string {
  return `${reason}: ${message}`
}

/** Those of earlier templates have nothing left. */
function isUsed({ spec, status }: SeenReplicaSet): boolean {
  return (spec.replicas ?? 0) > 0 || (status.replicas ?? 0) > 0
}

function replicaSetLines({ metadata, spec, status }: SeenReplicaSet): string[] {
  const counts = `${spec.replicas ?? 0} wanted, ${status.replicas ?? 0} made, ${status.readyReplicas ?? 0} ready`
  return [
    `${metadata.name}: ${counts}`,
    ...(status.conditions ?? []).map(
      (condition) => `${metadata.name}: ${condition.type}=${condition.status}, ${because(condition)}`
    )
  ]
}

function nodeLine({ metadata, spec, status }: SeenNode): string {
  const taints = (spec.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`)
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown'
  const pressures = (status.conditions ?? []).filter(({ type, status }) => type !== 'Ready' && status === 'True')
  return [
    `${metadata.name}: Ready=${ready}`,
    ...pressures.map(({ type }) => `${type}=True`),
    ...(spec.unschedulable === true ? ['cordoned'] : []),
    taints.length === 0 ? 'no taints' : `taints ${taints.join(' ')}`
  ].join(', ')
}

/** The newest first, by its age: what an earlier chapter of a drill left is old. Those that say the same of several objects are one. */
function eventLines(events: readonly SeenEvent[], at: number, isWarning: boolean, most: number): string[] {
  const groups = new Map<string, SeenEvent[]>()
  for (const event of events.filter(({ type }) => (type !== 'Normal') === isWarning)) {
    const same = [event.type, event.reason, event.involvedObject.kind, withoutNames(event)].join(' ')
    groups.set(same, [...(groups.get(same) ?? []), event])
  }
  return [...groups.values()]
    .map((group) => group.toSorted((a, b) => timeOf(b) - timeOf(a)))
    .map((group) => ({ line: eventLine(group, at), time: timeOf(group[0]) }))
    .sort((a, b) => b.time - a.time)
    .slice(0, most)
    .map(({ line }) => line)
}

function eventLine([newest, ...others]: readonly SeenEvent[], at: number): string {
  if (newest === undefined) return ''
  const { type = 'no type', reason = 'no reason', message = 'no message', involvedObject } = newest
  const times = [newest, ...others].reduce((sum, { series, count }) => sum + (series?.count ?? count ?? 1), 0)
  const objects = new Set([newest, ...others].map(({ involvedObject }) => involvedObject.name)).size
  return [
    `${ageOf(newest, at)}, ${type} ${reason} of ${involvedObject.kind ?? 'object'}`,
    ` ${involvedObject.name ?? 'without a name'}`,
    objects === 1 ? '' : ` and ${objects - 1} more`,
    times === 1 ? '' : `, ${times} times`,
    `: ${message}`
  ].join('')
}

/** Nor with what a controller adds to a name for the pods that it makes, nor with uids and figures. */
function withoutNames({ involvedObject: { name = '' }, message = '' }: SeenEvent): string {
  const bare =
    name === ''
      ? message
      : message
          .split(name)
          .join('')
          .replaceAll(/(?<=\/)-[a-z0-9]{5}\b/g, '')
  return bare.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '').replaceAll(/\d+/g, '')
}

/** Milliseconds since 1970; 0 where it has no time. */
function timeOf({ lastTimestamp, eventTime, series }: Partial<SeenEvent> = {}): number {
  return Math.max(0, ...[series?.lastObservedTime, lastTimestamp, eventTime].map((text) => Date.parse(text ?? '') || 0))
}

function ageOf(event: SeenEvent, at: number): string {
  if (timeOf(event) === 0) return 'at an unknown time'
  const seconds = Math.round((at - timeOf(event)) / 1000)
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`
}

/** Each gets the same share of what is left, for its newest lines; what one needs less is the others'. */
function logsOf(processes: readonly SeenProcess[], left: number): string {
  if (processes.length === 0) return section('Logs', ['no process of pidguard runs'])
  const shares = new Map<SeenProcess, number>()
  let rest = left
  for (const each of processes.toSorted((a, b) => wholeLog(a).length - wholeLog(b).length)) {
    const share = Math.min(wholeLog(each).length, Math.floor(rest / (processes.length - shares.size)) - 1)
    shares.set(each, share)
    rest -= share + 1
  }
  return processes.map((each) => logOf(each, shares.get(each) ?? 0)).join('\n')
}

function wholeLog(each: SeenProcess): string {
  return logOf(each, Number.POSITIVE_INFINITY)
}

function logOf({ name, exit, lines }: SeenProcess, share: number): string {
  const end = exit === undefined ? 'runs' : `ended with ${exit.signal ?? `code ${exit.code}`}`
  const title = `Log of ${name}, which ${end}`
  const kept = withoutRepeats(lines.map(readable))
  while (kept.length > 0 && section(title, kept).length > share) kept.shift()
  return section(title, kept.length === 0 && lines.length > 0 ? ['no room for its lines'] : kept)
}

/** The time of day, the message, and the other fields but for what only a machine asks for. */
function readable(line: string): string {
  let fields: Readonly<Record<string, unknown>>
  try {
    if (!line.startsWith('{')) return line
    fields = JSON.parse(line)
  } catch {
    return line
  }
  const { time, level, msg, uid: _uid, durationMs: _durationMs, ...rest } = fields
  const grave = levels[String(level)] ?? ''
  const values = Object.entries(rest).map(([name, value]) => ` ${name}=${textOf(value)}`)
  return `${String(time).slice(11, 19)} ${grave}${msg}${values.length === 0 ? '' : `:${values.join('')}`}`
}

/** Of pino, as far as they stand out. */
const levels: Readonly<Record<string, string>> = { 40: 'WARN ', 50: 'ERROR ', 60: 'FATAL ' }

/** Of lines one after the other that differ in their time alone the newest, with how many they are. */
function withoutRepeats(lines: readonly string[]): string[] {
  const kept: { line: string; times: number }[] = []
  for (const line of lines) {
    const last = kept.at(-1)
    if (last !== undefined && withoutTime(last.line) === withoutTime(line))
      Object.assign(last, { line, times: last.times + 1 })
    else kept.push({ line, times: 1 })
  }
  return kept.map(({ line, times }) => (times === 1 ? line : `${line} (${times} times)`))
}

function withoutTime(line: string): string {
  return line.replace(/^\d\d:\d\d:\d\d /, '')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
