import type { Command } from 'commander'
import { helpEnd } from './shared/help-end.ts'

/** `pidguard policy check`, `default` and `schema`. */
export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('The policy document: its default, its schema, and whether a file is one.')
    .addHelpText(
      'after',
      helpEnd(['pidguard policy default > policy.yaml', 'pidguard policy check policy.yaml'], {
        0: 'printed, or a valid policy',
        2: 'mistakes in the policy, or in the call'
      })
    )
  policy
    .command('check')
    .description('Report every mistake of a policy file with line and column.')
    .argument('<file>', 'the policy document; - for standard input')
    .addHelpText(
      'after',
      helpEnd(
        [
          'pidguard policy check policy.yaml',
          'kubectl get configmap -n pidguard-system pidguard-policy -o jsonpath={.data.policy\\.yaml} | pidguard policy check -'
        ],
        { 0: 'a valid policy', 2: 'it has mistakes, or cannot be read' }
      )
    )
    .action(async (file: string) => (await import('../policy.ts')).checkPolicy(file))
  policy
    .command('default')
    .description('Print the default policy, every setting with its reason.')
    .addHelpText(
      'after',
      helpEnd(['pidguard policy default', 'pidguard policy default > policy.yaml'], { 0: 'printed' })
    )
    .action(async () => (await import('../policy.ts')).printDefaultPolicy())
  policy
    .command('schema')
    .description('Print the JSON Schema of the policy, for editors.')
    .addHelpText(
      'after',
      helpEnd(['pidguard policy schema', 'pidguard policy schema > policy.schema.json'], { 0: 'printed' })
    )
    .action(async () => (await import('../policy.ts')).printPolicySchema())
}
