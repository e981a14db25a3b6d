import { percent } from '../placement/figures.ts'
import type { Result } from './recorder.ts'

/** Percent of node-seconds. What leaks hold is nobody's promise, so pods that leak count with their estimate. */
const promisedOf = ({ total }: Result): number => percent(total.promisedBeyond, total.nodes)
const requestedOf = ({ total }: Result): number => percent(total.requestedBeyond, total.nodes)

/** Goals that this way has not kept, in words. */
export function missedGoals(result: Result): string[] {
  const { way, failures } = result
  const missed = failures.map((text) => `${way}: ${text}`)
  const goal = (what: string, figure: number, most: number): void => {
    if (!(figure <= most)) missed.push(`${way}: ${what} ${figure.toFixed(3)} %, goal at most ${most} %`)
  }
  if (result.passedBy > 0)
    missed.push(`${way}: ${result.passedBy} calls of webhooks failed or came too late: measure on a quieter machine`)
  if (way === 'scheduler') goal('requested beyond a ceiling', requestedOf(result), 0)
  if (way === 'guard') goal('promised beyond a ceiling', promisedOf(result), 0.1)
  return missed
}

/** One row for each figure, one column for each way, as Markdown. */
export function tableOf(results: readonly Result[]): string {
  const none = results.find(({ way }) => way === 'none')
  const share = (part: number, whole: number): string => `${percent(part, whole).toFixed(2)} %`
  const rows: [string, (result: Result) => string][] = [
    ['promised beyond a ceiling, of node-seconds', ({ total }) => share(total.promisedBeyond, total.nodes)],
    ['the same by requests alone', ({ total }) => share(total.requestedBeyond, total.nodes)],
    ['the same with what leaks hold', ({ total }) => share(total.withLeaksBeyond, total.nodes)],
    ['threads beyond a ceiling, of node-seconds', ({ total }) => share(total.threadsBeyond, total.nodes)],
    [
      'tasks promised beyond, and wanted by threads: mean of all nodes',
      ({ total }) =>
        `${(total.tasksPromisedBeyond / total.nodes).toFixed(1)}; ${(total.tasksBeyond / total.nodes).toFixed(1)}`
    ],
    ['wanted pods that run', ({ total }) => share(total.running, total.wanted)],
    [
      'pods bound a second while filling; x none',
      ({ boundASecond }) =>
        `${boundASecond.toFixed(1)}; ${none === undefined ? '–' : (boundASecond / none.boundASecond).toFixed(2)}`
    ],
    [
      'Node writes a minute; in the worst one',
      ({ nodeWritesAMinute, mostNodeWrites }) => `${nodeWritesAMinute.toFixed(1)}; ${mostNodeWrites}`
    ],
    [
      'refused: pods, bindings',
      ({ rejections }) =>
        `${rejections['validate.pidguard.io'] ?? 0}, ${rejections['bindings.validate.pidguard.io'] ?? 0}`
    ],
    ['calls that the API server went on without', ({ passedBy }) => String(passedBy)],
    ['pods refused by a kubelet', ({ refusedByKubelet }) => String(refusedByKubelet)],
    ['p99 of the webhooks by the API server, ms', ({ webhookP99 }) => listed(webhookP99, (value) => value.toFixed(1))],
    ['p99 of a review by its own clock, ms', ({ reviewP99 }) => reviewP99?.toFixed(2) ?? '–'],
    [
      'CPU of a process, of one core',
      ({ processes, seconds }) => listed(processes, ({ cpuSeconds }) => share(cpuSeconds, seconds))
    ],
    ['resident, largest, MiB', ({ processes }) => listed(processes, ({ residentMiB }) => residentMiB.toFixed(0))],
    ['length of the day, s; load at its end', ({ seconds, load }) => `${seconds.toFixed(0)}; ${load.toFixed(1)}`]
  ]
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['', ...results.map(({ way }) => way)]),
    `|${'---|'.repeat(results.length + 1)}`,
    ...rows.map(([name, cell]) => line([name, ...results.map(cell)])),
    '',
    ...results.map(
      ({ way, phases }) =>
        `${way}: ${phases.map(({ name, sum, nodeWrites, running, wanted }) => `${name} ${share(sum.promisedBeyond, sum.nodes)} beyond, ${nodeWrites} Node writes, ${running} of ${wanted} run at its end`).join('; ')}`
    )
  ].join('\n')
}

function listed<T>(record: Readonly<Record<string, T>>, text: (value: T) => string): string {
  return (
    Object.entries(record)
      .map(([name, value]) => `${name.replace('.pidguard.io', '')} ${text(value)}`)
      .join(', ') || '–'
  )
}
