import type { Rule } from '../../engine/rule.ts'
import { kindName } from './rule-text.ts'

/** The documentation of all rules, as it is printed in src/rules/README.md; `npm run docs` writes it. */
export function renderRulesDoc(rules: readonly Rule[]): string {
  const rows = rules.map(
    ({ id, title, defaultMode, fix }) =>
      `| [\`${id}\`](#${id}) | ${title} | ${defaultMode} | ${fix === undefined ? '' : 'yes'} |`
  )
  return [
    '# Rules',
    '',
    '<!-- Made by `npm run docs` from the rules themselves. Change those. -->',
    '',
    'Each rule is one file of its own name here, with its test in `test/rules/` and its examples in `test/fixtures/rules/`.',
    'A mode is set per rule in the policy: `enforce` denies (and fixes what it can), `warn` warns, `audit` only writes to',
    "the API server's audit log and the metrics, `off` turns the rule off.",
    '',
    '| rule | looks at | default | changes objects |',
    '|---|---|---|---|',
    ...rows,
    '',
    ...rules.flatMap(ruleSection)
  ].join('\n')
}

function ruleSection({
  id,
  title,
  kinds,
  defaultMode,
  scope,
  optionalFacts,
  why,
  remedy,
  limits,
  fix
}: Rule): string[] {
  return [
    `## ${id}`,
    '',
    `**${title}.** ${why}`,
    '',
    `- Looks at: ${kinds.map(kindName).join(', ')}${scope === 'pods' ? ', outside of system namespaces' : ', in every namespace'}.`,
    `- Default mode: \`${defaultMode}\`.${fix === undefined ? ' Changes nothing.' : ' Changes objects in mode `enforce`.'}`,
    ...(optionalFacts.length === 0 ? [] : [`- Takes into account, where known: ${optionalFacts.join(', ')}.`]),
    `- What to do: ${remedy}`,
    ...(limits === undefined ? [] : [`- What it does not do: ${limits}`]),
    ''
  ]
}
