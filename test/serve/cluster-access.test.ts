import { join } from 'node:path'
import t from 'tap'
import { clock } from '../../src/host/clock.ts'
import { openCluster } from '../../src/serve/cluster-access.ts'
import { sourceOf, typescriptFilesOf, withoutComments } from '../support/sources.ts'

void t.test('one process of `serve` has one set of credentials and one pool of connections', async (t) => {
  for (const what of [/\bfindCredentials\(/, /\bnew KubeClient\(/]) {
    const places = typescriptFilesOf('src')
      .filter((file) => file.startsWith('serve/'))
      .filter((file) => what.test(withoutComments(sourceOf(file))))
    t.strictSame(places, ['serve/cluster-access.ts'])
  }
})

void t.test('where a kubeconfig names no namespace, pidguard is where its manifests put it', async (t) => {
  const kubeconfig = join(import.meta.dirname, '../fixtures/kubeconfig.yaml')
  const cluster = await openCluster(kubeconfig, clock)
  t.equal(cluster.namespace, 'pidguard-system')
  t.equal(cluster.api.server, 'https://127.0.0.1:1')
  await cluster.close()
})
