import t from 'tap'
import { containersOf, resourceContainersOf } from '../../src/kubernetes/containers.ts'

const spec = {
  initContainers: [{ name: 'first' }, { name: 'proxy', restartPolicy: 'Always' }],
  containers: [{ name: 'app' }, { name: 'helper' }],
  ephemeralContainers: [{ name: 'debug' }]
}

void t.test('every container is visited, with its role and its pointer', async (t) => {
  t.strictSame(
    containersOf(spec, '/spec/template/spec').map(({ container, role, at }) => [container.name, role, at]),
    [
      ['first', 'init', '/spec/template/spec/initContainers/0'],
      ['proxy', 'sidecar', '/spec/template/spec/initContainers/1'],
      ['app', 'app', '/spec/template/spec/containers/0'],
      ['helper', 'app', '/spec/template/spec/containers/1'],
      ['debug', 'ephemeral', '/spec/template/spec/ephemeralContainers/0']
    ]
  )
})

void t.test('ephemeral containers hold no resources', async (t) => {
  t.strictSame(
    resourceContainersOf(spec, '/spec').map(({ container }) => container.name),
    ['first', 'proxy', 'app', 'helper']
  )
})

void t.test('absent and null lists hold nothing', async (t) => {
  t.strictSame(containersOf({}, '/spec'), [])
  t.strictSame(containersOf({ containers: null, initContainers: null, ephemeralContainers: null }, '/spec'), [])
})

void t.test('only Always makes an init container a sidecar', async (t) => {
  for (const restartPolicy of ['Never', 'OnFailure', 'always', '', null]) {
    t.equal(containersOf({ initContainers: [{ name: 'a', restartPolicy }] }, '')[0]?.role, 'init')
  }
})
