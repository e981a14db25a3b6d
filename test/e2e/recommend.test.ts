import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findCredentials } from '../../src/kube/credentials.ts'
import type { KubeletConfig } from '../../src/model/node-reading.ts'
import { KubeletConfigReader } from '../../src/readings/kubelet/kubelet-config.ts'
import { kubeletDefaults } from '../../src/readings/kubelet/kubelet-readings.ts'
import { momentsOf } from '../../src/recommend/moments.ts'
import { recommend } from '../../src/recommend/recommend.ts'
import { renderRecommendations } from '../../src/recommend/render.ts'
import { readSnapshot } from '../../src/snapshot/snapshot-document.ts'
import { systemClock } from '../support/fake-api.ts'
import { startControlPlane } from './support/control-plane.ts'
import { missingForNode, startNode } from './support/node.ts'
import { versionOf } from './support/versions.ts'

/** Kubelets have a --config-dir without a gate from v1.30 on, and failCgroupV1, which this machine may need, from this version on. */
const first = 31

const missing = missingForNode(process.env) ?? tooOld()
if (missing === undefined) await applyRecommended()
else t.plan(0, `a real kubelet cannot be started here: ${missing}`)

function tooOld(): string | undefined {
  const { minor, text } = versionOf(join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubelet'))
  return minor < first ? `kubelet ${text} is older than v1.${first}` : undefined
}

/** A node at one moment: 32768 PIDs, of which 900 are outside of pods. */
function snapshot(hour: number): string {
  const at = `2026-11-21T${hour}:00:00Z`
  const pods = [
    { namespace: 'shop', name: 'web-1', uid: 'u1', workload: { kind: 'Deployment', name: 'web' }, threads: 290 }
  ]
  const reading = { at, host: { limit: 32_768, inUse: 1_900 }, kubepods: { limit: 32_768, inUse: 1_000 } }
  const nodes = [{ name: 'n1', memory: 2 ** 34, reading, pods }]
  return JSON.stringify({ apiVersion: 'pidguard.io/v1alpha1', kind: 'NodeSnapshot', takenAt: at, nodes })
}

/** What a kubelet says of a configuration before it starts: it goes on without fields that it does not know, and says so. */
function kubeletsWord(folder: string, text: string): string {
  const file = join(folder, 'kubelet.yaml')
  writeFileSync(file, `${text}failCgroupV1: false\n`)
  const args = [`--config=${file}`, `--root-dir=${folder}`, `--kubeconfig=${join(folder, 'none')}`]
  const { stdout, stderr } = spawnSync(join(process.env['KUBEBUILDER_ASSETS'] ?? '', 'kubelet'), args, {
    encoding: 'utf8'
  })
  return `${stdout}${stderr}`
}

async function applyRecommended(): Promise<void> {
  const seen = momentsOf(['10', '12'].map((hour) => readSnapshot('a.json', snapshot(Number(hour)))))
  const found = recommend(seen, { podShare: 0.2, pidMax: 100_000 })
  const plane = await startControlPlane()
  t.teardown(() => plane.stop())
  const node = await startNode(plane, { dropIn: renderRecommendations(found, 'yaml') })
  t.teardown(() => node.stop())

  void t.test('what recommend -o yaml prints is what a real kubelet runs with, word for word', async (t) => {
    const kubeconfig = join(plane.folder, 'kubeconfig')
    const credentials = await findCredentials({ kubeconfig, context: undefined, env: {}, clock: systemClock })
    const { concurrency, timeout } = kubeletDefaults
    const reader = new KubeletConfigReader({
      credentials,
      ca: undefined,
      insecure: true,
      port: undefined,
      concurrency,
      timeout,
      clock: systemClock
    })
    t.teardown(() => reader.close())
    const configs: KubeletConfig[] = []
    const failures: string[] = []
    await reader.read(
      [{ name: node.name, address: node.address, kubeletPort: node.port }],
      {
        observeConfig: (_node, config) => void configs.push(config),
        observeConfigFailure: (_node, { detail }) => void failures.push(detail)
      },
      new AbortController().signal
    )
    t.strictSame(failures, [])
    const { podPidsLimit = 0, reserved = 0, eviction = 0 } = found.pools[0]?.numbers ?? {}
    t.equal(configs.length, 1)
    t.match(configs, [{ podPidsLimit, reserved, eviction: `${eviction}%` }])
    const ceiling = Math.min(
      ...['pid_max', 'threads-max'].map((name) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8')))
    )
    t.equal(
      Number(readFileSync(join(node.kubepods, 'pids.max'), 'utf8')),
      ceiling - reserved,
      'and the kernel holds it'
    )
  })

  void t.test('no field of it is one that a kubelet does not know', async (t) => {
    const text = renderRecommendations(found, 'yaml')
    t.match(text, /\npodPidsLimit: 1024\n/)
    t.notMatch(kubeletsWord(t.testdir({}), text), /strict decoding error/)
    const wrong = text.replace('\npodPidsLimit:', '\npodPidLimit:')
    t.match(kubeletsWord(t.testdir({}), wrong), /strict decoding error: unknown field .*podPidLimit/)
  })
}
