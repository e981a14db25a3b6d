import t from 'tap'
import { isGated, scheduledFrom } from '../../src/kubernetes/scheduling-gates.ts'
import { podObject, podSubject, type RequestChange } from '../support/subjects.ts'

const gates = { schedulingGates: [{ name: 'example.com/quota' }] }
const two = { schedulingGates: [{ name: 'example.com/quota' }, { name: 'example.com/other' }] }

t.test('gates are a list that is not empty', async (t) => {
  t.equal(isGated(gates), true)
  for (const schedulingGates of [undefined, null, [], {}, 'x']) t.equal(isGated({ schedulingGates }), false)
})

const cases: readonly { name: string; spec: object; change?: RequestChange; want: 'now' | 'later' | undefined }[] = [
  { name: 'created', spec: {}, want: 'now' },
  { name: 'created with gates', spec: gates, want: 'later' },
  {
    name: 'a change without gates',
    spec: {},
    change: { operation: 'UPDATE', oldObject: podObject() },
    want: undefined
  },
  {
    name: 'a change with gates',
    spec: gates,
    change: { operation: 'UPDATE', oldObject: podObject(gates) },
    want: undefined
  },
  {
    name: 'one gate of two removed',
    spec: gates,
    change: { operation: 'UPDATE', oldObject: podObject(two) },
    want: undefined
  },
  {
    name: 'the last gate removed',
    spec: {},
    change: { operation: 'UPDATE', oldObject: podObject(gates) },
    want: 'now'
  },
  { name: 'both gates removed', spec: {}, change: { operation: 'UPDATE', oldObject: podObject(two) }, want: 'now' },
  {
    name: 'a status without gates',
    spec: {},
    change: { operation: 'UPDATE', oldObject: podObject(gates), subResource: 'status' },
    want: undefined
  },
  { name: 'the old object is missing', spec: {}, change: { operation: 'UPDATE' }, want: undefined },
  {
    name: 'the old object has not the shape of a Pod',
    spec: {},
    change: { operation: 'UPDATE', oldObject: { spec: 7 } },
    want: undefined
  }
]

for (const { name, spec, change, want } of cases) {
  t.test(name, async (t) => {
    t.equal(scheduledFrom(podSubject(spec as never, {}, change)), want)
  })
}
