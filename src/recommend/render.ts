import { stringify } from 'yaml'
import type { Millis } from '../lib/units.ts'
import { alignedLines } from '../report/aligned-lines.ts'
import { plural } from '../report/validate-report.ts'
import { nodeConfigOf, sysctlFileOf } from './node-config.ts'
import type { Basis, PoolAdvice, Recommendations } from './recommend.ts'

export const recommendFormats = ['text', 'json', 'yaml', 'sysctl'] as const
export type RecommendFormat = (typeof recommendFormats)[number]

/** Workloads listed in the text; -o json has all. Own choice. */
const mostWorkloads = 30

/** What `pidguard recommend` prints. */
export function renderRecommendations(found: Recommendations, format: RecommendFormat): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(written(found), undefined, 2)}\n`
    case 'yaml':
      return joined(found.pools.map(yamlOf), '---\n')
    case 'sysctl':
      return joined(found.pools.map(sysctlOf), '\n')
    case 'text':
      return `${textLines(found).join('\n')}\n`
  }
}

/** With the document of each pool, which -o yaml has alone. */
function written(found: Recommendations): object {
  return {
    ...found,
    pools: found.pools.map(({ numbers, ...pool }) => ({
      ...pool,
      numbers,
      config: numbers === null ? null : nodeConfigOf(pool.platform, numbers, pool.pool).document,
      sysctl: numbers === null ? null : (sysctlFileOf(numbers) ?? null)
    }))
  }
}

function yamlOf(pool: PoolAdvice): string {
  const head = `# Pool ${pool.pool}: ${basisText(pool.basis)}.\n`
  if (pool.numbers === null) return `${head}# Nothing is recommended: ${pool.lack}.\n`
  const { document, how, besides } = nodeConfigOf(pool.platform, pool.numbers, pool.pool)
  const reasons = pool.settings.map(({ name, value, reason }) => `# ${name} ${value}: ${reason}.\n`).join('')
  return `${head}# ${how}.\n${besides === undefined ? '' : `# Besides: ${besides}.\n`}${reasons}${stringify(document)}`
}

function sysctlOf(pool: PoolAdvice): string {
  const head = `# Pool ${pool.pool}: ${basisText(pool.basis)}.\n`
  if (pool.numbers === null) return `${head}# Nothing is recommended: ${pool.lack}.\n`
  const file = sysctlFileOf(pool.numbers)
  return `${head}${file ?? '# kernel.pid_max and kernel.threads-max are high enough as they are.\n'}`
}

function joined(parts: readonly string[], between: string): string {
  return parts.length === 0 ? '# No node was read.\n' : parts.join(between)
}

function textLines({ pools, workloads, knobs }: Recommendations): string[] {
  const lines = pools.length === 0 ? ['No node was read.'] : pools.flatMap(poolLines)
  const shown = workloads.slice(0, mostWorkloads)
  if (shown.length > 0) {
    const left = workloads.length - shown.length
    lines.push(
      'Workloads: what to declare (annotation pidguard.io/pids of the pod template)',
      ...alignedLines([
        ['NAMESPACE', 'WORKLOAD', 'DECLARE', 'DECLARED', 'PEAK POD', 'RUNTIME', 'CAP ITS THREADS BY', 'BASED ON'],
        ...shown.map(({ namespace, kind, name, estimate, declared, peak, runtime, knob, basis }) => [
          namespace,
          `${kind}/${name}`,
          estimate === null ? 'bound it first' : String(estimate),
          declared === null ? '-' : String(declared),
          String(peak),
          runtime === null ? '?' : `${runtime.name} (${runtime.by})`,
          runtime === null ? 'podPidsLimit' : (knob ?? 'is capped'),
          `${plural(basis.readings, 'reading')} in ${spanText(basis.span)}, ${plural(basis.pods, 'pod')}`
        ])
      ]),
      ...(left > 0 ? [`… ${left} more; -o json has all`] : []),
      '',
      'What bounds the threads of a program',
      ...knobs.map(({ runtime, knob, source }) => `  ${runtime}: ${knob} [${source}]`)
    )
  }
  return lines
}

function poolLines(pool: PoolAdvice): string[] {
  const head = `Pool ${pool.pool} (${pool.platform}): ${basisText(pool.basis)}`
  if (pool.numbers === null) return [head, `  nothing is recommended: ${pool.lack}`, '']
  const { how, besides } = nodeConfigOf(pool.platform, pool.numbers, pool.pool)
  return [
    head,
    ...pool.settings.flatMap(({ name, value, reason, source }) => [`  ${name}: ${value}`, `    ${reason} [${source}]`]),
    ...pool.checks.map((check) => `  check: ${check}`),
    `  how: ${how}`,
    ...(besides === undefined ? [] : [`  besides: ${besides}`]),
    ''
  ]
}

function basisText({ nodes, readings, span, pods }: Basis): string {
  return `${plural(nodes, 'node')}, ${plural(readings, 'reading')} in ${spanText(span)}, up to ${plural(pods, 'pod')} on one`
}

function spanText(span: Millis): string {
  const hours = span / 3_600_000
  if (hours >= 48) return plural(Math.floor(hours / 24), 'day')
  return hours >= 1 ? plural(Math.floor(hours), 'hour') : plural(Math.floor(span / 60_000), 'minute')
}
