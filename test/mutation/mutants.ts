import { stripTypeScriptTypes } from 'node:module'
// tap brings it.
import { parse } from 'acorn'

/** One change of a source file: the text from `start` up to `end` becomes `text`. */
export interface Mutant {
  readonly start: number
  readonly end: number
  readonly text: string
  /** From 1. */
  readonly line: number
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const swapped: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '&&': '||',
  '||': '&&',
  '+=': '-=',
  '-=': '+=',
  min: 'max',
  max: 'min',
  some: 'every',
  every: 'some'
}

/**
 * Every change that is made of a file: operators, conditions, numbers, booleans, a call or an assignment left out. Texts stay as
 * they are: golden files and generated documents compare those.
 */
export function mutantsOf(source: string): Mutant[] {
  // Stripping puts blanks in place of types, so that what stands at an offset stays there.
  const code = stripTypeScriptTypes(source)
  const found: Mutant[] = []
  const add = (start: number, end: number, text: string): void => {
    found.push({ start, end, text, line: source.slice(0, start).split('\n').length })
  }
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as Node, (node) => {
    const { start, end } = node
    const [left, right, test, argument, property] = ['left', 'right', 'test', 'argument', 'property'].map(
      (name) => node[name] as Node | undefined
    )
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression':
      case 'AssignmentExpression': {
        const operator = node['operator'] as string
        const other = swapped[operator]
        if (operator === '??') add(start, end, code.slice(start, (left as Node).end))
        if (other === undefined || isText(left) || isText(right)) return
        const at = code.indexOf(operator, (left as Node).end)
        add(at, at + operator.length, other)
        return
      }
      case 'IfStatement':
      case 'ConditionalExpression':
      case 'WhileStatement':
        if (node.type !== 'WhileStatement') add((test as Node).start, (test as Node).end, 'true')
        add((test as Node).start, (test as Node).end, 'false')
        return
      case 'UnaryExpression':
        if (node['operator'] === '!') add(start, end, code.slice((argument as Node).start, (argument as Node).end))
        return
      case 'Literal':
        if (typeof node['value'] === 'number') add(start, end, String(node['value'] + 1))
        if (typeof node['value'] === 'boolean') add(start, end, String(!node['value']))
        return
      case 'MemberExpression': {
        const name = property as Node
        const other = node['computed'] === false ? swapped[String(name['name'])] : undefined
        if (other !== undefined) add(name.start, name.end, other)
        return
      }
      case 'ExpressionStatement':
        add(start, end, ';')
        return
      case 'ContinueStatement':
      case 'BreakStatement':
        add(start, end, ';')
        return
      default:
    }
  })
  return found
}

function isText(node: Node | undefined): boolean {
  return node?.type === 'TemplateLiteral' || (node?.type === 'Literal' && typeof node['value'] === 'string')
}

function visit(node: Node, see: (node: Node) => void): void {
  see(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && 'type' in child) visit(child as Node, see)
    }
  }
}
