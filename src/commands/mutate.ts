import { RuleIndex } from '../engine/rule-index.ts'
import { AppError } from '../errors.ts'
import { rewriteText } from '../host/files/input-files.ts'
import { loadFilePolicy } from '../host/policy-once.ts'
import { print } from '../host/stdout.ts'
import { policyRules, rules } from '../rules/index.ts'
import { mutateFiles } from '../validate/mutate-files.ts'
import { readNamespaceLabels } from '../validate/output-flags.ts'
import { chosenInputs, type InputFlags } from './inputs/chosen-inputs.ts'
import { withProjectSettings } from './inputs/with-project-settings.ts'

export interface MutateFlags extends InputFlags {
  readonly policy?: string
  readonly namespace: string
  readonly namespaceLabels?: readonly string[]
  readonly kubernetesVersion?: number
  readonly diff?: boolean
  readonly patch?: boolean
  readonly write?: boolean
  readonly quiet?: boolean
  /** Whether the option was given nowhere, so that the project's settings may set it. */
  isDefault(option: string): boolean
}

/** `pidguard mutate`; gives back the exit code. */
export async function runMutate(args: readonly string[], given: MutateFlags): Promise<number> {
  const { flags } = withProjectSettings(given, ['policy', 'exclude'])
  const shows = (['diff', 'patch', 'write'] as const).filter((show) => flags[show])
  if (shows.length > 1)
    throw new AppError('ERR_USAGE', `expected one of --diff, --patch and --write, found --${shows.join(' and --')}`)
  const [show = 'text'] = shows
  const { paths, inputs } = chosenInputs(args, flags)
  const namespaceLabels = readNamespaceLabels(flags.namespaceLabels ?? [])
  return mutateFiles(
    paths,
    {
      namespace: flags.namespace,
      namespaceLabels,
      kubernetesVersion: flags.kubernetesVersion,
      show,
      quiet: flags.quiet
    },
    {
      rules: new RuleIndex(rules),
      policy: await loadFilePolicy(flags.policy, policyRules, Date.now()),
      inputs,
      print,
      say: (line) => process.stderr.write(`${line}\n`),
      write: rewriteText
    }
  )
}
