import type { ObjectName, Place, Report } from '../../src/report/validate-report.ts'

export const somePlace: Place = {
  file: 'shop/web deploy.yaml',
  line: 12,
  column: 9,
  length: 4,
  excerpt: '      - name: app'
}
export const someObject: ObjectName = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }

/** An entry of a baseline for `someObject`. */
export const someEntry = {
  rule: 'best-effort',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
  reason: 'old',
  expires: '2026-06-30'
} as const

const nasty = 'a <b> & "c" | `d` % , : \u0001 @all ## [x](y)\nnext'

/** A report with one of everything, and text in it that would break each format if it were not escaped. */
export function fullReport(): Report {
  return {
    version: '0.1.0',
    rules: [
      {
        id: 'best-effort',
        title: 'BestEffort pods',
        why: 'Nobody has said what they need.',
        remedy: 'Set resources.requests.cpu.'
      },
      { id: 'runtime-thread-cap', title: 'Runtime thread cap', why: 'Pools grow.', remedy: 'Set a cap.' },
      { id: 'host-pid', title: 'Host PIDs', why: 'All are seen.', remedy: 'Remove hostPID.' },
      { id: 'resource-requests', title: 'Requests', why: 'Nodes fill up.', remedy: 'Set requests.' }
    ],
    findings: [
      finding('best-effort', 'deny', 'no cpu or memory request in app'),
      { ...finding('best-effort', 'deny', 'no cpu or memory request in job'), accepted: 'leaves in spring' },
      { ...finding('runtime-thread-cap', 'warn', nasty), place: { ...somePlace, source: 'web/templates/deploy.yaml' } },
      {
        ...finding('host-pid', 'audit', 'hostPID=true'),
        place: { ...somePlace, line: 100, excerpt: '\t\thostPID: true', column: 3 }
      }
    ],
    changes: [{ ruleIds: ['resource-requests'], object: someObject, place: somePlace, lines: ['add /spec/x "1"'] }],
    problems: [
      { message: `not YAML: ${nasty}`, place: { ...somePlace, line: 3, column: 1, length: 1, excerpt: '\ta: 1' } },
      { message: 'no such file or folder', place: { file: 'gone.yaml', line: 0, column: 0, length: 0, excerpt: '' } }
    ],
    faults: [
      { ruleId: 'host-pid', mode: 'enforce', message: '/spec: expected a list', object: someObject, place: somePlace }
    ],
    skips: [{ ruleId: 'pid-headroom', reason: 'headroom not known', objects: 3 }],
    exempted: [{ ruleId: 'best-effort', reason: 'a demo', objects: 1 }],
    notes: ['no LimitRange among the inputs', 'not checked: 2 Foo (example.com/v1)'],
    unchecked: ['not checked: 2 Foo (example.com/v1)'],
    counts: { files: 2, objects: 12, checked: 5, podRulesOff: 0, otherKinds: 7, changed: 4 },
    failOn: 'change',
    exitCode: 2
  }
}

/** A report with nothing to say. */
export function cleanReport(): Report {
  const none = {
    findings: [],
    changes: [],
    problems: [],
    faults: [],
    skips: [],
    exempted: [],
    notes: [],
    unchecked: []
  }
  const counts = { files: 1, objects: 1, checked: 1, podRulesOff: 0, otherKinds: 0, changed: 0 }
  return { ...fullReport(), ...none, counts, failOn: 'deny', exitCode: 0 }
}

function finding(ruleId: string, action: 'deny' | 'warn' | 'audit', detail: string): Report['findings'][number] {
  return {
    ruleId,
    action,
    reason: 'found wanting',
    detail,
    remedy: 'Set it right.',
    pointer: '/spec/template/spec/containers/0/resources',
    object: someObject,
    place: somePlace
  }
}
