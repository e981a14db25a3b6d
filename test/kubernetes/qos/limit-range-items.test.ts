import t from 'tap'
import { limitRangeItemsOf, limitRangeProblems } from '../../../src/kubernetes/qos/limit-range-items.ts'
import type { KubernetesObject } from '../../../src/kubernetes/types.ts'

function withLimits(limits: unknown): KubernetesObject {
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'a' }, spec: { limits } } as KubernetesObject
}

void t.test('null in a list is zero, and a list that is null is none', async (t) => {
  const object = withLimits([{ type: 'Container', default: { memory: null, cpu: '1' }, min: null }])
  t.strictSame(limitRangeItemsOf(object), [{ type: 'Container', default: { memory: '0', cpu: '1' }, min: null }])
})

// test/e2e/file-reading.test.ts asks a real API server about the same and more.
const refused: readonly [unknown, string][] = [
  ['x', '/spec/limits: expected a list, found a string'],
  [[null], '/spec/limits/0: expected a limit with a type, found null'],
  [[{}], '/spec/limits/0/type: expected Container, Pod or PersistentVolumeClaim, found nothing'],
  [[{ type: 'Pod', max: [] }], '/spec/limits/0/max: expected an object, found a list'],
  [[{ type: 'Pod', max: { cpu: true } }], '/spec/limits/0/max/cpu: expected a quantity, found a boolean'],
  [
    [{ type: 'Container' }, { type: 'Container', min: { 'a.b/c': '1x' } }],
    '/spec/limits/1/min/a.b~1c: expected a quantity such as 1, found "1x"'
  ]
]
for (const [limits, message] of refused) {
  void t.test(`refused: ${message}`, async (t) => {
    const object = withLimits(limits)
    t.strictSame(limitRangeProblems(object), [{ pointer: message.split(':')[0], message }])
    t.strictSame(limitRangeItemsOf(object), [], 'and gives nothing to any pod')
  })
}

void t.test('every bad quantity is named', async (t) => {
  const object = withLimits([{ type: 'Container', default: { cpu: 'x', memory: 'y' }, max: { cpu: '' } }])
  t.equal(limitRangeProblems(object).length, 3)
  t.strictSame(limitRangeProblems({ ...object, spec: null } as never), [])
})
