import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { defaultPolicyText } from '../../../src/policy/document/default-document.ts'
import { PolicyError } from '../../../src/policy/document/policy-error.ts'
import { policyOfValue } from '../../../src/policy/document/read-plain-policy.ts'
import { readPolicy } from '../../../src/policy/document/read-policy.ts'
import type { Policy } from '../../../src/policy/policy.ts'
import type { RuleInfo } from '../../../src/policy/settings.ts'
import { policyRules } from '../../../src/rules/index.ts'
import { readPlainYaml } from '../../../src/yaml/plain-yaml.ts'
import { documentOf, rules } from '../../support/policies.ts'

function readPlainPolicy(text: string, of: readonly RuleInfo[]): Policy | undefined {
  return policyOfValue(readPlainYaml(text), of)
}

const manifests = join(import.meta.dirname, '../../../manifests')
const whole = readFileSync(join(manifests, 'policy.yaml'), 'utf8')

const plain: readonly string[] = [
  'apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy',
  documentOf('rules: {best-effort: off, node-pid-max: "audit"} # a comment'),
  documentOf('pids:\n  # how many\n  estimate: 60\n  limit: none'),
  documentOf('pids: {limit: ~, estimate: null}\nheadroom:\n  floor: 12.5%\n  maxAge: 1m30s'),
  documentOf("overrides:\n- name: a\n  namespaces:\n    names: ['a*', b]\n-   name: b\n    namespaces: {names: [c]}"),
  documentOf("exemptions:\n  - {rules: ['*'], kinds: [Pod], reason: 'because: of #3', expires: 2027-01-31}"),
  defaultPolicyText(rules)
]
for (const text of plain) {
  t.test(`plain: ${text.slice(0, 120)}`, async (t) => {
    t.strictSame(readPlainPolicy(text, rules), readPolicy(text, { rules, source: 'p' }))
    t.ok(readPlainPolicy(text, rules))
  })
}

t.test('the policies that we give out are plain', async (t) => {
  for (const file of ['policy.yaml', 'overlays/observe/policy.yaml']) {
    const text = readFileSync(join(manifests, file), 'utf8')
    t.strictSame(readPlainPolicy(text, policyRules), readPolicy(text, { rules: policyRules, source: file }), file)
  }
})

const others: Readonly<Record<string, string>> = {
  'a mistake': documentOf('pids: {estimate: 0}'),
  'a mistake between two settings': documentOf('pids: {estimate: 60, limit: 50}'),
  'an unknown field': documentOf('pid: {}'),
  'an anchor': documentOf('pids: &a {estimate: 1}'),
  'a collection over several lines': documentOf('pids: {\nestimate: 1}'),
  'a text over several lines': documentOf(
    'exemptions:\n- {rules: ["*"], kinds: [Pod], expires: 2027-01-31, reason: a long\n    reason}'
  ),
  'an escape': documentOf('rules: {"best\\u002deffort": off}'),
  'a block text': documentOf('exemptions:\n- reason: |\n    a long reason'),
  'a tab': documentOf('pids:\t{estimate: 1}'),
  'a rare number': documentOf('pids: {estimate: 0x10}'),
  'a key twice': documentOf('pids: {estimate: 1}\npids: {estimate: 1}'),
  'two documents': `${documentOf('pids: {estimate: 1}')}---\n`,
  nothing: '',
  'another line end': documentOf('pids: {estimate: 1}').replaceAll('\n', '\r\n')
}
for (const [name, text] of Object.entries(others)) {
  t.test(`left to the other reader: ${name}`, async (t) => t.equal(readPlainPolicy(text, rules), undefined))
}

function readWhole(text: string): Policy | undefined {
  try {
    return readPolicy(text, { rules: policyRules, source: 'p' })
  } catch (error) {
    if (error instanceof PolicyError) return undefined
    throw error
  }
}

t.test('what is taken as plain is what the other reader makes of it, whatever stands there', async (t) => {
  const lines = `${whole}\n${plain[4]}\n${plain[5]}`.split('\n').filter((line) => !line.startsWith('#'))
  const piece = fc.constantFrom(
    ...[
      '  ',
      ' ',
      '- ',
      '-',
      ': ',
      ':',
      '#',
      ' #',
      '{',
      '}',
      '[',
      ']',
      ', ',
      ',',
      '"',
      "'",
      '*',
      '~',
      'null',
      '1',
      '-0',
      '01'
    ],
    ...[
      '1.',
      '.5',
      '1e3',
      '0o7',
      '+1',
      '1_000',
      '0b1',
      'true',
      'off',
      'yes',
      '%',
      '=',
      '<<: ',
      '? ',
      '---',
      '...',
      '10%',
      '__proto__: 1'
    ]
  )
  let taken = 0
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(3), piece), { maxLength: 4 }), (edits) => {
      const changed = [...whole.split('\n')]
      for (const [row, column, cut, put] of edits) {
        const at = row % changed.length
        const line = changed[at] ?? ''
        const start = column % (line.length + 1)
        if (cut === 3) changed.splice(at, 0, lines[column % lines.length] ?? '')
        else changed[at] = line.slice(0, start) + put + line.slice(start + cut)
      }
      const text = changed.join('\n')
      const found = readPlainPolicy(text, policyRules)
      if (found === undefined) return
      taken++
      t.strictSame(found, readWhole(text), text)
    }),
    { numRuns: 400, examples: [[[]]] }
  )
  t.ok(taken > 20, `${taken} were plain`)
})

t.test('a value that is no policy, or too deep for one, is none', async (t) => {
  const deep = Array.from({ length: 40 }).reduce<unknown>((inner) => ({ a: inner }), 1)
  for (const value of [undefined, null, 7, [], {}, deep]) t.equal(policyOfValue(value, rules), undefined)
})
