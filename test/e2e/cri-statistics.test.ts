import { join } from 'node:path'
import t from 'tap'
import { startControlPlane } from './support/control-plane.ts'
import { createHog, startKubeletReader } from './support/kubelet-reader.ts'
import { missingForNode, startNode } from './support/node.ts'
import { versionOf } from './support/versions.ts'
import { until } from './support/wait.ts'

/** The kubelet of this version has the gate in beta, and containerd of its assets counts for it. */
const first = 37

const missing = missingForNode(process.env) ?? tooOld()
if (missing === undefined) await readRuntimeStatistics()
else t.plan(0, `no kubelet whose runtime counts can be started here: ${missing}`)

function tooOld(): string | undefined {
  const { minor, text } = versionOf(join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubelet'))
  return minor < first ? `kubelet ${text} is older than v1.${first}` : undefined
}

async function readRuntimeStatistics(): Promise<void> {
  const plane = await startControlPlane()
  t.teardown(() => plane.stop())
  const node = await startNode(plane, { features: ['cri-stats'] })
  t.teardown(() => node.stop())
  const { client, readOnce } = await startKubeletReader(t, plane, node)

  void t.test(
    'a kubelet whose statistics come from containerd: its pods are read, and what is missing is said',
    async (t) => {
      const uid = await createHog(t, plane, node, client)
      const reading = await until(
        'the threads in the statistics',
        async () => {
          const { reading: seen } = await readOnce()
          return (seen?.pods?.get(uid) ?? 0) >= 301 ? seen : undefined
        },
        120_000
      )
      t.equal(reading.pods?.get(uid), 301, 'its container; the pause task is not counted by the runtime')
      t.ok(Number(reading.kubepods.inUse) >= 301)
      t.equal(reading.kubepods.limit, undefined, 'nobody says it')
      t.ok(Number(reading.host.limit) > 301)
      t.match(reading.gaps, [{ reason: 'cri-stats' }])
    }
  )
}
