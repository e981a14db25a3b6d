import { type Command, Option } from 'commander'
import { helpEnd } from './shared/help-end.ts'
import { kubernetesVersionOption, policyOption } from './shared/options.ts'

/** `pidguard emit`. */
export function addEmit(program: Command): void {
  program
    .command('emit')
    .description('Print the rules about objects as policies of the API server itself, which cannot be down.')
    .addOption(policyOption())
    .addOption(kubernetesVersionOption())
    .option('--fallback', 'beside the webhook: only what must hold while it does not answer')
    .option('--no-limit-ranges', 'no namespace has a LimitRange: deny templates of BestEffort pods too')
    .option('--fill-pods', 'also write missing requests and estimates on Pods, where no webhook does')
    .addOption(
      new Option('--static <kind>', 'for a folder of policies that the API server reads itself').choices([
        'validating',
        'mutating'
      ])
    )
    .addHelpText(
      'after',
      helpEnd(['pidguard emit | kubectl apply -f -', 'pidguard emit --fallback --policy policy.yaml'], {
        0: 'printed',
        2: 'a mistake in the call, or in the policy'
      })
    )
    .action(async (options) => (await import('../emit.ts')).runEmit(options))
}
