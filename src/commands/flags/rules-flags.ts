import type { Command } from 'commander'
import { print } from '../../host/stdout.ts'
import { helpEnd } from './shared/help-end.ts'

/** `pidguard rules`. */
export function addRules(program: Command): void {
  program
    .command('rules')
    .description('List the rules, or explain one.')
    .argument('[id]', 'the rule to explain')
    .addHelpText(
      'after',
      helpEnd(['pidguard rules', 'pidguard rules best-effort'], { 0: 'printed', 2: 'no such rule' })
    )
    .action(async (id: string | undefined) => {
      const [{ policyRules }, { renderRule, renderRuleList }] = await Promise.all([
        import('../../rules/index.ts'),
        import('../../rules/docs/rule-text.ts')
      ])
      print(`${id === undefined ? renderRuleList(policyRules) : renderRule(policyRules, id)}\n`)
    })
}
