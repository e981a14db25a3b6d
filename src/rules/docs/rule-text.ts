import type { Rule } from '../../engine/rule.ts'
import { AppError } from '../../errors.ts'
import { nearest } from '../../lib/did-you-mean.ts'

/** One line per rule: id, default mode, title. */
export function renderRuleList(rules: readonly Rule[]): string {
  const width = Math.max(...rules.map(({ id }) => id.length))
  return rules.map(({ id, defaultMode, title }) => `${id.padEnd(width)}  ${defaultMode.padEnd(7)}  ${title}`).join('\n')
}

/** The documentation of one rule. Throws ERR_USAGE for an unknown id, with the one that was meant. */
export function renderRule(rules: readonly Rule[], id: string): string {
  const rule = rules.find((candidate) => candidate.id === id)
  if (rule === undefined) {
    const meant = nearest(
      id,
      rules.map((candidate) => candidate.id)
    )
    throw new AppError('ERR_USAGE', `rules: no rule is called ${JSON.stringify(id)}`, {
      remedy:
        meant === undefined ? 'Run pidguard rules for the list.' : `Did you mean ${meant}? pidguard rules lists all.`
    })
  }
  return [
    `${rule.id}: ${rule.title}`,
    '',
    `Looks at  ${rule.kinds.map(kindName).join(', ')}`,
    `Default   ${rule.defaultMode}`,
    `Changes   ${rule.fix === undefined ? 'nothing' : 'what it finds, in mode enforce'}`,
    '',
    `Why: ${rule.why}`,
    '',
    `What to do: ${rule.remedy}`,
    ...(rule.limits === undefined ? [] : ['', `What it does not do: ${rule.limits}`])
  ].join('\n')
}

/** `apps/Deployment` as users read it: `Deployment`, with the group where it is not a built-in one. */
export function kindName(groupKind: string): string {
  const slash = groupKind.lastIndexOf('/')
  const group = groupKind.slice(0, slash)
  return group.includes('.') ? `${groupKind.slice(slash + 1)} (${group})` : groupKind.slice(slash + 1)
}
