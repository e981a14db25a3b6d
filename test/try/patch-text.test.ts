import t from 'tap'
import type { PatchOperation } from '../../src/lib/json/patch.ts'
import { renderPatch } from '../../src/try/patch-text.ts'

const before = {
  metadata: { annotations: { 'a/b': 'old' } },
  spec: { containers: [{ name: 'app', env: [{ name: 'X', value: '1' }] }], strategy: { type: 'RollingUpdate' } }
}

const cases: { name: string; operation: PatchOperation; want: string[] }[] = [
  {
    name: 'an added value, its key in brackets where it is no word',
    operation: { op: 'add', path: '/metadata/annotations/pidguard.io~1pids', value: '5' },
    want: ['+ metadata.annotations["pidguard.io/pids"]: "5"']
  },
  {
    name: 'an added object, one line per value',
    operation: {
      op: 'add',
      path: '/spec/containers/0/resources',
      value: { requests: { cpu: '10m', memory: 5 }, limits: {} }
    },
    want: [
      '+ spec.containers[0].resources.requests.cpu: "10m"',
      '+ spec.containers[0].resources.requests.memory: 5',
      '+ spec.containers[0].resources.limits: {}'
    ]
  },
  {
    name: 'an appended element, whole',
    operation: { op: 'add', path: '/spec/containers/0/env/-', value: { name: 'Y', value: '2' } },
    want: ['+ spec.containers[0].env[+]: {"name":"Y","value":"2"}']
  },
  {
    name: 'a replaced value, old and new',
    operation: { op: 'replace', path: '/spec/strategy', value: { type: 'OnDelete' } },
    want: ['- spec.strategy: {"type":"RollingUpdate"}', '+ spec.strategy: {"type":"OnDelete"}']
  },
  {
    name: 'a removed element',
    operation: { op: 'remove', path: '/spec/containers/0/env/0' },
    want: ['- spec.containers[0].env[0]: {"name":"X","value":"1"}']
  },
  { name: 'a removal of nothing', operation: { op: 'remove', path: '/spec/nowhere/x' }, want: [] },
  {
    name: 'a value that replaces nothing known',
    operation: { op: 'replace', path: '/spec/toString', value: 1 },
    want: ['+ spec.toString: 1']
  },
  {
    name: 'a very long value is cut',
    operation: { op: 'add', path: '/spec/x', value: 'y'.repeat(1_000) },
    want: [`+ spec.x: "${'y'.repeat(158)}…`]
  },
  {
    name: 'the first key in brackets',
    operation: { op: 'add', path: '/a.b', value: 1 },
    want: ['+ ["a.b"]: 1']
  }
]
for (const { name, operation, want } of cases) {
  void t.test(name, async (t) => {
    t.strictSame(renderPatch([operation], before), want)
  })
}

void t.test('an empty patch is nothing to read', async (t) => {
  t.strictSame(renderPatch([], before), [])
})
