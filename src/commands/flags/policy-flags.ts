import type { Command } from 'commander'

/** `pidguard policy check`, `default` and `schema`. */
export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('The policy document: its default, its schema, and whether a file is one.')
  policy
    .command('check')
    .description('Report every mistake of a policy file with line and column.')
    .argument('<file>', 'the policy document')
    .action(async (file: string) => (await import('../policy.ts')).checkPolicy(file))
  policy
    .command('default')
    .description('Print the default policy, every setting with its reason.')
    .action(async () => (await import('../policy.ts')).printDefaultPolicy())
  policy
    .command('schema')
    .description('Print the JSON Schema of the policy, for editors.')
    .action(async () => (await import('../policy.ts')).printPolicySchema())
}
