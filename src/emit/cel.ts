import type { Selector, SelectorRequirement } from '../kubernetes/label-selector.ts'

/** A piece of the Common Expression Language, as API servers since v1.30 read it. */
export type Cel = string

/** A variable of a policy: evaluated once, and only where something asks for it. */
export interface Variable {
  readonly name: string
  readonly expression: Cel
}

/** A text or a list of texts as a literal: the escapes of JSON are those of CEL. */
export function literal(value: string | readonly string[]): Cel {
  return typeof value === 'string' ? JSON.stringify(value) : `[${value.map((each) => JSON.stringify(each)).join(', ')}]`
}

/** Holds where all conditions hold; `true` without any. */
export function all(conditions: readonly Cel[]): Cel {
  return conditions.length === 0 ? 'true' : conditions.map(inParentheses).join('\n&& ')
}

/** Holds where one condition holds; `false` without any. */
export function any(conditions: readonly Cel[]): Cel {
  return conditions.length === 0 ? 'false' : conditions.map(inParentheses).join('\n|| ')
}

/** Parentheses are needed only around operators that bind weaker than `&&`. */
function inParentheses(expression: Cel): Cel {
  return / \|\| | \? |\n/.test(expression) ? `(${expression})` : expression
}

/** The source of an expression of JavaScript, for `matches` and `find`: RE2 reads what ours use in the same way. */
export function pattern({ source }: RegExp): Cel {
  return literal(source.replaceAll('\\/', '/'))
}

/** Whether a text matches one of these patterns with `*` and `?`; see `globMatches`. */
export function matchesGlob(text: Cel, globs: readonly string[]): Cel {
  const plain = globs.filter((glob) => !/[*?]/.test(glob))
  const wild = globs.filter((glob) => /[*?]/.test(glob))
  const source = wild.map((glob) =>
    glob
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')
  )
  return any([
    ...(plain.length === 0 ? [] : [`${text} in ${literal(plain)}`]),
    ...(wild.length === 0 ? [] : [`${text}.matches(${literal(`(?s)^(${source.join('|')})$`)})`])
  ])
}

/** Whether a map of labels matches; see `selectorMatches`. */
export function matchesSelector(labels: Cel, { matchLabels, matchExpressions }: Selector): Cel {
  return all([
    ...Object.entries(matchLabels).map(([key, value]) => isOneOf(labels, key, [value])),
    ...matchExpressions.map((requirement) => requirementOf(labels, requirement))
  ])
}

function requirementOf(labels: Cel, { key, operator, values }: SelectorRequirement): Cel {
  switch (operator) {
    case 'In':
      return isOneOf(labels, key, values)
    case 'NotIn':
      return `!(${isOneOf(labels, key, values)})`
    case 'Exists':
      return `${literal(key)} in ${labels}`
    case 'DoesNotExist':
      return `!(${literal(key)} in ${labels})`
  }
}

function isOneOf(labels: Cel, key: string, values: readonly string[]): Cel {
  return `${literal(key)} in ${labels} && ${labels}[${literal(key)}] in ${literal(values)}`
}

/** A text of at most so many characters, in quotes, with line breaks and the like escaped. */
export function quoted(text: Cel, most: number): Cel {
  return `strings.quote(size(${text}) > ${most} ? ${text}.substring(0, ${most}) : ${text})`
}

/** The variables that the expressions ask for, by way of others too, in their order. */
export function asked(variables: readonly Variable[], expressions: readonly Cel[]): Variable[] {
  const wanted = new Set(expressions.flatMap(namedIn))
  for (const { name, expression } of variables.toReversed()) {
    if (wanted.has(name)) for (const each of namedIn(expression)) wanted.add(each)
  }
  return variables.filter(({ name }) => wanted.has(name))
}

function namedIn(expression: Cel): string[] {
  return [...expression.matchAll(/\bvariables\.(\w+)/g)].map(([, name = '']) => name)
}

/** The quantity is above zero. */
export function isAboveZero(quantity: Cel): Cel {
  return `sign(quantity(string(${quantity}))) > 0`
}
