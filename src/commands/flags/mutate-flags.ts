import type { Command } from 'commander'
import { helpEnd } from './shared/help-end.ts'
import {
  addFileOptions,
  excludeOption,
  kustomizeOption,
  quietOption,
  skipOtherFilesOption
} from './shared/input-options.ts'
import {
  type Finish,
  isDefaultOf,
  kubernetesVersionOption,
  namespaceLabelsOption,
  namespaceOption,
  policyOption
} from './shared/options.ts'

/** `pidguard mutate`. */
export function addMutate(program: Command, finish: Finish): void {
  const mutate = program
    .command('mutate')
    .description('Print manifests as the webhook would store them, comments and order kept.')
    .argument('[path...]', 'files, folders or patterns of YAML and JSON; - for standard input')
    .addOption(kustomizeOption())
    .addOption(excludeOption())
    .addOption(skipOtherFilesOption())
    .option('--diff', 'print only what changes, as diff -u does')
    .option('--patch', 'print the JSON Patch of each object')
    .option('--write', 'change the files')
    .addOption(quietOption('say on standard error only what could not be read or changed'))
    .addOption(policyOption())
    .addOption(namespaceOption())
    .addOption(namespaceLabelsOption())
    .addOption(kubernetesVersionOption())
    .addHelpText(
      'after',
      helpEnd(
        ['pidguard mutate --diff manifests/', 'kubectl kustomize overlay | pidguard mutate - | kubectl apply -f -'],
        {
          0: 'printed or written, changed or not',
          2: 'something could not be read or changed, or a mistake in the call'
        }
      )
    )
    .action(async (paths: string[], options, command: Command) => {
      const { runMutate } = await import('../mutate.ts')
      finish(await runMutate(paths, { ...options, isDefault: isDefaultOf(command) }))
    })
  addFileOptions(mutate)
}
