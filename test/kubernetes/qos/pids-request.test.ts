import t from 'tap'
import { pidsIn, pidsResource, readPidsQuantity, requestedPids } from '../../../src/kubernetes/qos/pids-request.ts'
import type { Container } from '../../../src/kubernetes/types.ts'

const asking = (pids: string | undefined, more: Partial<Container> = {}): Container => ({
  name: 'c',
  ...(pids === undefined
    ? {}
    : { resources: { requests: { [pidsResource]: pids }, limits: { [pidsResource]: pids } } }),
  ...more
})
const sidecar = (pids: string) => asking(pids, { restartPolicy: 'Always' })

const cases = [
  { name: 'nobody asks', spec: { containers: [asking(undefined)] }, want: undefined },
  { name: 'no containers', spec: {}, want: undefined },
  { name: 'the sum over containers', spec: { containers: [asking('60'), asking(undefined), asking('40')] }, want: 100 },
  { name: 'what is no count is a request too, of nothing', spec: { containers: [asking('many')] }, want: 0 },
  { name: 'a request of zero is one', spec: { containers: [asking('0')] }, want: 0 },
  {
    name: 'a limit stands for the request, as the API server copies it',
    spec: { containers: [{ name: 'c', resources: { limits: { [pidsResource]: '7' } } }] },
    want: 7
  },
  {
    name: 'an init container that asks for more',
    spec: { initContainers: [asking('90'), asking('120')], containers: [asking('100')] },
    want: 120
  },
  {
    name: 'sidecars run beside the containers',
    spec: { initContainers: [sidecar('30')], containers: [asking('100')] },
    want: 130
  },
  {
    name: 'and beside the init containers behind them',
    spec: { initContainers: [asking('10'), sidecar('30'), asking('120')], containers: [asking('100')] },
    want: 150
  },
  {
    name: 'overhead of the RuntimeClass',
    spec: { containers: [asking('100')], overhead: { [pidsResource]: '12' } },
    want: 112
  },
  {
    name: 'overhead alone is no request',
    spec: { containers: [asking(undefined)], overhead: { cpu: '1' } },
    want: undefined
  }
]

t.test('of a dump: what is no list, no container or no mapping asks for nothing', async (t) => {
  for (const odd of [undefined, null, 'x', 7, {}, [null], ['x'], [[]], [{ resources: null }], [{ resources: 'x' }]]) {
    for (const spec of [{ containers: odd }, { containers: [asking(undefined)], initContainers: odd }])
      t.equal(requestedPids(spec as never), undefined, JSON.stringify(spec))
  }
  t.equal(requestedPids({ containers: [null, asking('7')] } as never), 7)
  for (const requests of ['x', [], null])
    t.equal(requestedPids({ containers: [{ name: 'c', resources: { requests } }] } as never), undefined)
})

for (const { name, spec, want } of cases) {
  t.test(name, async (t) => t.equal(requestedPids(spec), want))
}

t.test('a quantity is a whole number', async (t) => {
  for (const [text, pids] of [
    ['1k', 1000],
    ['0', 0],
    [12, 12],
    ['2e3', 2000]
  ] as const) {
    t.equal(readPidsQuantity(text), pids, String(text))
  }
  for (const text of ['1500m', '-1', 'many', '', null, undefined])
    t.equal(readPidsQuantity(text), undefined, String(text))
  t.equal(pidsIn({ cpu: '1', [pidsResource]: '5' }), 5)
  t.equal(pidsIn(null), undefined)
})
