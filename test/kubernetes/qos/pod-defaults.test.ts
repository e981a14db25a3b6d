import t from 'tap'
import { effectiveResources } from '../../../src/kubernetes/qos/pod-defaults.ts'
import type { Container } from '../../../src/kubernetes/types.ts'

void t.test('a missing request is taken from the limit, a given one stays', async (t) => {
  const { containers, podLevel } = effectiveResources(
    {
      initContainers: [{ name: 'init', resources: { limits: { memory: '1Gi' } } }],
      containers: [
        { name: 'a', resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } },
        { name: 'b', resources: null },
        { name: 'c', resources: { limits: null, requests: null } },
        { name: 'd' }
      ],
      ephemeralContainers: [{ name: 'debug', resources: { limits: { cpu: '9' } } }]
    },
    37
  )
  t.equal(podLevel, undefined)
  t.strictSame(containers, [
    { limits: { memory: '1Gi' }, requests: { memory: '1Gi' } },
    { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
    { limits: {}, requests: {} },
    { limits: {}, requests: {} },
    { limits: {}, requests: {} }
  ])
})

void t.test(
  'a missing pod-level request is what the containers ask for at once, else the pod-level limit',
  async (t) => {
    const cpu = (name: string, request: string, more: object = {}): Container => ({
      name,
      resources: { requests: { cpu: request } },
      ...more
    })
    const pod = (change: object): unknown =>
      effectiveResources({ resources: { limits: { cpu: '10', memory: '1Gi' } }, ...change }, 36).podLevel?.requests
    t.strictSame(pod({ containers: [{ name: 'a' }] }), { cpu: '10', memory: '1Gi' }, 'the limit')
    t.strictSame(pod({ containers: [cpu('a', '1'), cpu('b', '2')] }), { cpu: '3000000000n', memory: '1Gi' }, 'the sum')
    t.strictSame(
      pod({ containers: [cpu('a', '1')], initContainers: [cpu('i', '4')] }),
      { cpu: '4000000000n', memory: '1Gi' },
      'an init container that asks for more'
    )
    t.strictSame(
      pod({
        containers: [cpu('a', '1')],
        initContainers: [cpu('s', '2', { restartPolicy: 'Always' }), cpu('i', '4'), cpu('j', '3')]
      }),
      { cpu: '6000000000n', memory: '1Gi' },
      'the largest init container beside the sidecar started before it'
    )
    t.strictSame(
      pod({
        containers: [cpu('a', '5')],
        initContainers: [cpu('i', '4'), cpu('s', '2', { restartPolicy: 'Always' })]
      }),
      { cpu: '7000000000n', memory: '1Gi' },
      'app containers and sidecars together'
    )
    t.strictSame(pod({ containers: [cpu('a', 'much')] }), { cpu: '10', memory: '1Gi' }, 'what is no quantity')
  }
)

void t.test('without pod-level limits, pod-level requests are filled in since v1.37', async (t) => {
  const pod = {
    resources: { requests: { memory: '0' } },
    containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }]
  }
  t.strictSame(effectiveResources(pod, 36).podLevel, { limits: {}, requests: { memory: '0' } })
  t.strictSame(effectiveResources(pod, 37).podLevel, { limits: {}, requests: { cpu: '1000000000n', memory: '0' } })
})

void t.test('a missing pod-level limit is filled in since v1.37, where all containers have one', async (t) => {
  const limits = (cpu: string, memory?: string): Container => ({
    name: 'a',
    resources: { limits: { cpu, ...(memory && { memory }) } }
  })
  const pod = (resources: object, containers: Container[], initContainers: Container[] = []): unknown =>
    effectiveResources({ resources, containers, initContainers }, 37).podLevel?.limits
  t.strictSame(pod({ requests: { cpu: '1' } }, [limits('1'), limits('2')]), { cpu: '3000000000n' })
  t.strictSame(pod({ requests: { cpu: '4' } }, [limits('1'), limits('2')]), { cpu: '4' }, 'no less than the request')
  t.strictSame(pod({ requests: { cpu: '1' } }, [limits('1')], [limits('5')]), { cpu: '5000000000n' }, 'init containers')
  t.strictSame(pod({ requests: { cpu: '1' } }, [limits('1')], [{ name: 'i' }]), {}, 'one of them has none')
  t.strictSame(
    pod({ limits: { cpu: '9' } }, [limits('1', '1')]),
    { cpu: '9', memory: '1000000000n' },
    'only what is missing'
  )
})
