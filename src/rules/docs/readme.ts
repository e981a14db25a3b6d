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

/**
 * The rules as a table for the README: those that only audits report in one row, as they are many. `holding`: the rules that
 * the API server itself checks while no replica answers.
 */
export function renderRulesTable(rules: readonly Rule[], holding: ReadonlySet<string>): string {
  const link = ({ id }: Rule): string => `[\`${id}\`](src/rules/README.md#${id})`
  const audited = rules.filter(({ defaultMode }) => defaultMode === 'audit')
  const rows = rules
    .filter((rule) => !audited.includes(rule))
    .map((rule) => {
      const mode = `${rule.defaultMode}${rule.fix === undefined ? '' : ', fixes'}`
      return `| ${link(rule)} | ${rule.title} | ${mode} | ${holding.has(rule.id) ? 'yes' : ''} |`
    })
  const last = `| ${audited.map(link).join(', ')} | Nodes, kubelets and what runs on them | audit | |`
  return [
    '| rule | looks at | default | [while down](docs/install.md#while-pidguard-is-down) |',
    '|---|---|---|---|',
    ...rows,
    last,
    ''
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
