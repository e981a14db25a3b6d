import { readFileSync } from 'node:fs'
import t from 'tap'
import { buildPodProjection } from '../../../src/kube/cache/cached-pods.ts'
import { CadvisorTextReader } from '../../../src/readings/kubelet/cadvisor-text.ts'
import { ProviderReader, runtimeTasks, SummaryReader } from '../../../src/readings/kubelet/cri-stats.ts'
import { RlimitReader } from '../../../src/readings/kubelet/stats-summary-text.ts'

const recordings = [
  { version: 'v1.31', maxpid: 125_722, curproc: 1414 },
  { version: 'v1.34', maxpid: 127_735, curproc: 1140 },
  { version: 'v1.35', maxpid: 62_639, curproc: 814 }
]

for (const { version, maxpid, curproc } of recordings) {
  const read = (file: string) => readFileSync(new URL(`../../fixtures/kubelet/${version}/${file}`, import.meta.url))

  t.test(`${version}: both ceilings, every running pod known, and the sum of pods is kubepods`, async (t) => {
    const summary = new RlimitReader()
    summary.push(read('stats-summary.json'))
    t.match(summary.end(), { limit: maxpid, inUse: curproc })
    const cadvisor = new CadvisorTextReader()
    cadvisor.push(read('metrics-cadvisor.txt'))
    const { kubepods, pods = new Map(), above, isMisplaced } = cadvisor.end() ?? {}
    t.strictSame([above, isMisplaced], [undefined, false], 'the root has no limit, and pods run where they belong')
    const sum = [...pods.values()].reduce((total, pids) => total + pids, 0)
    t.ok(Math.abs(sum - (kubepods?.inUse ?? 0)) <= 1, `${sum} in pods, ${kubepods?.inUse} in kubepods`)
    const factsOf = buildPodProjection()
    const { items } = JSON.parse(read('pods.json').toString('utf8'))
    const facts = (items as object[]).map((item) => factsOf(item as never))
    for (const { uid, cgroup = uid, name, phase } of facts) {
      if (phase === 'Running') t.ok((pods.get(cgroup) ?? 0) > 0, `${name} is in the reading`)
    }
    const known = new Set(facts.map(({ uid, cgroup = uid }) => cgroup))
    t.strictSame(
      [...pods.keys()].filter((cgroup) => !known.has(cgroup)),
      [],
      'and no cgroup is left over'
    )
  })
}

t.test(
  'v1.37 whose statistics come from containerd: its pod by labels and by uid, and nothing of kubepods',
  async (t) => {
    const read = (file: string) =>
      readFileSync(new URL(`../../fixtures/kubelet/v1.37-runtime/${file}`, import.meta.url))
    const provider = new ProviderReader()
    provider.push(read('metrics.txt'))
    t.equal(provider.end().isRuntime, true)
    const cadvisor = new CadvisorTextReader()
    cadvisor.push(read('metrics-cadvisor.txt'))
    t.equal(cadvisor.end(), undefined)
    t.strictSame(cadvisor.labelled.pods, new Map([['default/hog', 301]]))
    t.strictSame(
      cadvisor.labelled.nearLimits(() => 'u'),
      [],
      'a limit of 0 is none'
    )
    const summary = new SummaryReader()
    summary.push(read('stats-summary.json'))
    const uid = '5883fb19-3bd5-46b7-95a7-2d146e778de3'
    t.match(summary.end(), { limit: 32_768, inUse: 816, pods: new Map([[uid, 301]]) })
    t.match(runtimeTasks(summary.end() ?? {}, cadvisor.labelled), { pods: new Map([[uid, 301]]), inUse: 301 })
  }
)
