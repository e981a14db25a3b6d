import t from 'tap'
import { remarkOnKind, UncheckedKinds } from '../../../src/kubernetes/pods/unchecked-kinds.ts'

const containers = [{ name: 'app', image: 'example.com/app:1' }]
const of = (apiVersion: string, kind: string, spec: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  spec
})

t.test('a mistake in the version is one of any object, one in the kind only where no rule knows it', async (t) => {
  const misspelt = of('apps/v1', 'Deployments')
  t.match(remarkOnKind(misspelt, false), { mistake: /is Deployment meant/ })
  t.equal(remarkOnKind(misspelt, true), undefined)
  t.match(remarkOnKind(of('apps/v7', 'Deployment'), true), { mistake: /is apps\/v1 meant/ })
})

t.test('what holds pods, or is none of Kubernetes, is not checked; of anything else nothing is said', async (t) => {
  t.equal(remarkOnKind(of('v1', 'ConfigMap'), false), undefined)
  t.equal(remarkOnKind(of('example.com/v1', 'Foo', { size: 3 }), false), undefined)
  t.match(remarkOnKind(of('example.com/v1', 'Foo', { containers }), false), {
    groupKind: 'example.com/Foo',
    unchecked: /^Foo \(example\.com\/v1\), which seem to hold pods/,
    holdsPods: true
  })
  t.match(remarkOnKind(of('skaffold/v1', 'Config'), false), { unchecked: /^Config/, holdsPods: false })
  t.match(remarkOnKind(of('skaffold/v1', 'Config', { containers }), false), { mistake: /a group without a dot/ })
})

t.test('unchecked objects are counted by kind, and left out where another place says it', async (t) => {
  const kinds = new UncheckedKinds()
  for (const kind of ['Foo', 'Foo', 'Bar']) {
    const remark = remarkOnKind(of('example.com/v1', kind, { containers }), false)
    if (remark !== undefined && 'unchecked' in remark) kinds.add(remark)
  }
  t.match(kinds.notes(), [/^not checked: 2 Foo/, /^not checked: 1 Bar/])
  t.match(
    kinds.notes(({ groupKind }) => groupKind === 'example.com/Foo'),
    [/^not checked: 1 Bar/]
  )
})
