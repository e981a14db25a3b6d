import t from 'tap'
import { readProjectSettings } from '../../src/input/project-settings.ts'

const read = (text: string) => readProjectSettings(text, '.pidguard.yaml')

void t.test('a repository says by file what it would say by flags', async (t) => {
  const text = 'policy: policy.yaml\nexclude: [values*.yaml, "test/**"]\nfailOn: warn\noutput: [text, sarif=a.sarif]\n'
  t.strictSame(read(text), {
    policy: 'policy.yaml',
    exclude: ['values*.yaml', 'test/**'],
    failOn: 'warn',
    output: ['text', 'sarif=a.sarif']
  })
  t.strictSame(read('output: json\n'), { output: ['json'] })
  t.strictSame(read('# nothing yet\n'), {})
})

void t.test('every mistake is reported, with what was meant', async (t) => {
  t.throws(() => read('polciy: a\nfailOn: bad\nexclude: a\npolicy: 7\n'), {
    code: 'ERR_USAGE',
    message: `.pidguard.yaml: "polciy" is no setting; is policy meant?
.pidguard.yaml: failOn: expected one of never, deny, warn, change, audit, found "bad"
.pidguard.yaml: exclude: expected a list of patterns, found "a"
.pidguard.yaml: policy: expected the path of a policy document, found a number`,
    remedy: 'Fix .pidguard.yaml.'
  })
  t.throws(() => read('zzzzzzzzzzz: 1\n'), { message: /is no setting; expected policy, exclude, failOn, output/ })
  t.throws(() => read('- a\n'), {
    message: '.pidguard.yaml: expected a mapping of policy, exclude, failOn, output, found a list'
  })
  t.throws(() => read('a: b: c\n'), { message: /^\.pidguard\.yaml: .* at line 1, column \d+$/ })
})
