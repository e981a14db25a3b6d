import { type Command, Option } from 'commander'
import { kubernetesVersionOption, policyOption } from './options.ts'

/** `pidguard emit`. */
export function addEmit(program: Command): void {
  program
    .command('emit')
    .description('Print the rules about objects as policies of the API server itself, which cannot be down.')
    .addOption(policyOption())
    .addOption(kubernetesVersionOption())
    .option('--fallback', 'beside the webhook: only what must hold while it does not answer')
    .option('--no-limit-ranges', 'no namespace has a LimitRange: deny templates of BestEffort pods too')
    .addOption(
      new Option('--static <kind>', 'for a folder of policies that the API server reads itself').choices([
        'validating',
        'mutating'
      ])
    )
    .action(async (options) => (await import('../emit.ts')).runEmit(options))
}
