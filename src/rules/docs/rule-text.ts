import type { Rule } from '../../engine/rule.ts'
import { AppError } from '../../errors.ts'

/** One line per rule: id, default mode, title. */
export function renderRuleList(rules: readonly Rule[]): string {
  const width = Math.max(...rules.map(({ id }) => id.length))
  return rules.map(({ id, defaultMode, title }) => `${id.padEnd(width)}  ${defaultMode.padEnd(7)}  ${title}`).join('\n')
}

/** Everything there is to say about one rule. Throws ERR_USAGE for an id that is none, and lists those that are. */
export function renderRule(rules: readonly Rule[], id: string): string {
  const rule = rules.find((candidate) => candidate.id === id)
  if (rule === undefined) {
    throw new AppError(
      'ERR_USAGE',
      `rules: expected one of ${rules.map((candidate) => candidate.id).join(', ')}, found ${JSON.stringify(id)}`
    )
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

/** `apps/Deployment` as people say it. */
export function kindName(groupKind: string): string {
  const slash = groupKind.lastIndexOf('/')
  const group = groupKind.slice(0, slash)
  return group.includes('.') ? `${groupKind.slice(slash + 1)} (${group})` : groupKind.slice(slash + 1)
}
