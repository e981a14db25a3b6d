import { type Command, Option } from 'commander'
import { version } from '../../host/version.ts'
import { helpEnd } from './shared/help-end.ts'
import {
  addFileOptions,
  excludeOption,
  kustomizeOption,
  noColorOption,
  quietOption,
  skipOtherFilesOption
} from './shared/input-options.ts'
import {
  collect,
  type Finish,
  failOnOption,
  isDefaultOf,
  kubernetesVersionOption,
  namespaceLabelsOption,
  namespaceOption,
  policyOption,
  readingOptions
} from './shared/options.ts'

/** `pidguard validate`. */
export function addValidate(program: Command, finish: Finish): void {
  const validate = program
    .command('validate')
    .description('Check manifests as the webhook would, without a cluster: files, folders, patterns, standard input.')
    .argument('[path...]', 'files, folders or patterns of YAML and JSON; - for standard input')
    .addOption(kustomizeOption())
    .addOption(excludeOption())
    .addOption(skipOtherFilesOption())
    .addOption(quietOption())
    .addOption(noColorOption())
    .addOption(
      new Option(
        '-o, --output <format[=file]>',
        'text, json, sarif, junit, github or markdown; may be given several times'
      ).argParser(collect)
    )
    .addOption(failOnOption('deny'))
    .addOption(policyOption())
    .addOption(namespaceOption())
    .addOption(namespaceLabelsOption())
    .addOption(kubernetesVersionOption())
    .option('--snapshot <file>', 'check the room for PIDs against this snapshot of a cluster; - for standard input')
    .option('--kubeconfig <file>', 'check it against the cluster as it is now; nothing is sent there')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--baseline <file>', 'old findings that do not count, each with a reason and a last day')
    .option('--write-baseline <file>', 'write a baseline of everything found now')
    .option('--reason <text>', 'reason for the entries of --write-baseline', 'there when the baseline was written')
    .option('--expires <day>', 'last day of the entries of --write-baseline, as 2026-12-31 (default: in 90 days)')
    .addHelpText(
      'after',
      helpEnd(['pidguard validate manifests/ --fail-on warn', 'helm template web ./chart | pidguard validate -'], {
        0: 'nothing found at or above --fail-on',
        1: 'something found',
        2: 'something could not be read, or a mistake in the call',
        3: 'the snapshot or the cluster cannot be had'
      })
    )
    .action(async (paths: string[], options, command: Command) => {
      const { runValidate } = await import('../validate.ts')
      finish(await runValidate(paths, { ...options, version, isDefault: isDefaultOf(command) }))
    })
  addFileOptions(validate)
  for (const option of readingOptions(['kubelet', 'prometheus'])) validate.addOption(option)
}
