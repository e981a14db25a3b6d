import type { KnownCluster } from '../engine/input-facts.ts'
import { RuleIndex } from '../engine/rule-index.ts'
import { AppError } from '../errors.ts'
import { readText, writeText } from '../host/files/input-files.ts'
import { loadFilePolicy } from '../host/policy-once.ts'
import { print } from '../host/stdout.ts'
import type { TakeOptions } from '../host/take-snapshot.ts'
import { inputsInLittleMemory } from '../host/v8/garbage.ts'
import { optimizeLate } from '../host/v8/late-optimizer.ts'
import type { Millis } from '../lib/units.ts'
import { coloured, plain, renderText, withoutCommands } from '../report/text.ts'
import { countingFindings, type FailOn, plural, type Report } from '../report/validate-report.ts'
import { policyRules, rules } from '../rules/index.ts'
import { Baseline, renderBaseline } from '../validate/baseline.ts'
import type { FilePolicy } from '../validate/object-judge.ts'
import {
  type Format,
  formats,
  type Output,
  readDay,
  readNamespaceLabels,
  readOutputs
} from '../validate/output-flags.ts'
import { validate } from '../validate/validate.ts'
import { chosenInputs, type InputFlags } from './inputs/chosen-inputs.ts'
import { withProjectSettings } from './inputs/with-project-settings.ts'

export interface ValidateFlags extends TakeOptions, InputFlags {
  readonly output?: readonly string[]
  readonly failOn: FailOn
  readonly policy?: string
  readonly namespace: string
  readonly namespaceLabels?: readonly string[]
  readonly kubernetesVersion?: number
  readonly snapshot?: string
  readonly baseline?: string
  readonly writeBaseline?: string
  readonly reason: string
  readonly expires?: string
  readonly quiet?: boolean
  /** false for --no-color. */
  readonly color: boolean
  readonly version: string
  /** Whether the option was given nowhere, so that the project's settings may set it. */
  isDefault(option: string): boolean
}

/** Loaded when asked for: a run pays for the formats it writes. */
const renderers: Readonly<Record<Exclude<Format, 'text'>, () => Promise<(report: Report) => string>>> = {
  json: async () => (await import('../report/json.ts')).renderJson,
  sarif: async () => (await import('../report/sarif.ts')).renderSarif,
  junit: async () => (await import('../report/junit.ts')).renderJunit,
  github: async () => (await import('../report/github.ts')).renderGithub,
  markdown: async () => (await import('../report/markdown.ts')).renderMarkdown
}

/** `pidguard validate`; gives back the exit code. */
export async function runValidate(args: readonly string[], given: ValidateFlags): Promise<number> {
  const { flags, notes } = withProjectSettings(given)
  const outputs = readOutputs(flags.output ?? [], formats)
  const namespaceLabels = readNamespaceLabels(flags.namespaceLabels ?? [])
  const now = Date.now()
  const expires =
    flags.expires === undefined ? new Date(now + baselineSpan).toISOString().slice(0, 10) : readDay(flags.expires)
  const { paths, inputs, mayBeEmpty } = chosenInputs(args, flags)
  const policy = await loadFilePolicy(flags.policy, policyRules, now)
  const baseline = flags.baseline === undefined ? undefined : await loadBaseline(flags.baseline, now)
  const { failOn, namespace, version, kubernetesVersion } = flags
  const cluster = await clusterOf(flags, policy)
  const optimizer = optimizeLate()
  const deps = {
    version,
    rules: new RuleIndex(rules),
    policy,
    inputs: inputsInLittleMemory(inputs),
    baseline,
    cluster,
    judged: () => optimizer.judged(),
    notes: [...notes, ...(cluster?.notes ?? [])]
  }
  const report = await validate(paths, { failOn, namespace, namespaceLabels, kubernetesVersion, mayBeEmpty }, deps)
  for (const output of outputs) await write(output, report, flags)
  optimizer.end()
  if (flags.writeBaseline === undefined) return report.exitCode
  writeText(flags.writeBaseline, renderBaseline(report.findings, flags.reason, expires))
  process.stderr.write(
    `${flags.writeBaseline}: ${plural(countingFindings(report).length, 'finding')} accepted until ${expires}\n`
  )
  return report.problems.length > 0 ? report.exitCode : 0
}

/** Loaded only when given: it brings a YAML parser along. */
async function loadBaseline(path: string, now: Millis): Promise<Baseline> {
  const { readBaseline } = await import('../validate/read-baseline.ts')
  return new Baseline(path, readBaseline(readText('--baseline', path), path), now)
}

/** Only a cluster that is named on the command line: a pipeline must not use the kubeconfig of the person who runs it. */
async function clusterOf(
  flags: ValidateFlags,
  policy: FilePolicy
): Promise<(KnownCluster & { readonly notes: readonly string[] }) | undefined> {
  const { snapshot, kubeconfig, context } = flags
  if (snapshot === undefined && kubeconfig === undefined && context === undefined) return undefined
  if (snapshot !== undefined && (kubeconfig !== undefined || context !== undefined)) {
    throw new AppError(
      'ERR_USAGE',
      'expected a snapshot or a cluster, found both --snapshot and --kubeconfig or --context'
    )
  }
  // Loaded when asked for: most runs are about files alone.
  return (await import('./known-cluster.ts')).knownCluster(flags, policy)
}

/** 90 days: long enough to fix a repository, short enough not to be forgotten. Own choice. */
const baselineSpan: Millis = 90 * 24 * 60 * 60 * 1000

async function write({ format, file }: Output, report: Report, flags: ValidateFlags): Promise<void> {
  const isSilent = flags.quiet === true && report.exitCode === 0
  const text = format === 'text' ? textOf(report, flags, file) : (await renderers[format]())(report)
  if (file !== undefined) writeText(file, text)
  else if (!isSilent || format !== 'text') print(text)
}

function textOf(report: Report, { quiet = false, color }: ValidateFlags, file: string | undefined): string {
  if (file !== undefined) return renderText(report)
  const isColoured = color && process.stdout.isTTY && !process.env['NO_COLOR']
  const text = renderText(
    quiet ? { ...report, notes: [], skips: [], exempted: [] } : report,
    isColoured ? coloured : plain
  )
  return process.env['GITHUB_ACTIONS'] === 'true' ? withoutCommands(text) : text
}
