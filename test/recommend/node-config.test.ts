import t from 'tap'
import { parse } from 'yaml'
import { nodeConfigOf, sysctlFileOf } from '../../src/recommend/node-config.ts'
import { recommend } from '../../src/recommend/recommend.ts'
import { renderRecommendations } from '../../src/recommend/render.ts'

const settings = {
  podPidsLimit: 4096,
  reserved: 1500,
  eviction: 10,
  ceiling: 131_072,
  pidMax: 4_194_304,
  threadsMax: 131_072
}
const enough = { ...settings, pidMax: undefined, threadsMax: undefined }

t.test('each platform in its own words', async (t) => {
  t.match(nodeConfigOf('kubeadm', settings).document, {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    podPidsLimit: 4096,
    systemReserved: { pid: '1500' },
    evictionHard: { 'memory.available': '100Mi', 'pid.available': '10%' }
  })
  t.match(nodeConfigOf('eks', settings).document, {
    kind: 'NodeConfig',
    spec: { kubelet: { config: { podPidsLimit: 4096 } } }
  })
  t.strictSame(nodeConfigOf('gke', { ...settings, eviction: 55 }).document, {
    kubeletConfig: {
      podPidsLimit: 4096,
      evictionSoft: { pidAvailable: '50%' },
      evictionSoftGracePeriod: { pidAvailable: '30s' }
    }
  })
  t.match(nodeConfigOf('gke', settings).document, { kubeletConfig: { evictionSoft: { pidAvailable: '10%' } } })
  t.strictSame(nodeConfigOf('aks', settings).document, { podMaxPids: 4096 })
  t.match(nodeConfigOf('aks', settings).besides, /"kernelThreadsMax": 131072}}$/)
  t.match(
    nodeConfigOf('aks', { ...settings, threadsMax: 600_000 }).besides,
    /513785}}, the most it takes, where 600000/
  )
  t.match(nodeConfigOf('aks', settings, 'np1').how, /select\(.pool == "np1"\)/, 'AKS takes no YAML, and that is said')
  t.equal(nodeConfigOf('kubeadm', enough).besides, undefined)
  t.notMatch(nodeConfigOf('aks', enough).besides, /kernelThreadsMax/)
})

t.test('the file for /etc/sysctl.d, where there is something to raise', async (t) => {
  t.equal(sysctlFileOf(settings), 'kernel.pid_max = 4194304\nkernel.threads-max = 131072\n')
  t.equal(sysctlFileOf(enough), undefined)
})

const moment = {
  node: 'n1',
  at: 0,
  labels: {},
  memory: 2 ** 34,
  host: { limit: 32_768, inUse: 9_000 },
  kubepods: { limit: 32_768, inUse: 8_400 },
  outside: 600,
  pods: 40,
  biggest: [290]
}
const workload = { namespace: 'shop', kind: 'Deployment', name: 'web', at: 0, peak: 81, pods: 3, declared: undefined }
const later = { at: 3_600_000 }
const policy = { podShare: 0.2, pidMax: 100_000 }
const found = recommend(
  { nodes: [moment, { ...moment, ...later }], workloads: [workload, { ...workload, ...later }] },
  policy
)
const once = recommend({ nodes: [moment], workloads: [workload] }, policy)

t.test('yaml is applied as it is: reasons are comments', async (t) => {
  const text = renderRecommendations(found, 'yaml')
  t.match(parse(text), { kind: 'KubeletConfiguration', podPidsLimit: 1024, systemReserved: { pid: '1500' } })
  t.match(text, /^# Pool workers: 1 node, 2 readings in 1 hour, up to 40 pods on one.\n/)
  t.match(text, /# podPidsLimit 1024: twice the biggest honest pod/)
  t.equal(parse(renderRecommendations(once, 'yaml')), null)
  t.match(renderRecommendations(once, 'yaml'), /# Nothing is recommended: it was read once/)
})

t.test('a sysctl file of which every line is a comment or a setting', async (t) => {
  for (const line of renderRecommendations(found, 'sysctl').trim().split('\n'))
    t.match(line, /^(#|kernel\.(pid_max|threads-max) = \d+$)/)
  t.match(renderRecommendations(once, 'sysctl'), /# Nothing is recommended/)
})

t.test('text has reason, source, basis and checks; what was seen once is said to be too little', async (t) => {
  const text = renderRecommendations(found, 'text')
  t.match(text, /Pool workers \(kubeadm\): 1 node, 2 readings in 1 hour/)
  t.match(text, / {2}podPidsLimit: 1024\n {4}twice .* \[kubernetes.io/)
  t.match(text, / {2}check: eviction begins at/)
  t.match(text, /shop +Deployment\/web +110 +- +81 +\? +podPidsLimit +2 readings in 1 hour, 3 pods/)
  for (const runtime of ['.NET', 'JVM', 'Go', 'glibc']) t.ok(text.includes(`  ${runtime}`), runtime)
  t.match(renderRecommendations(once, 'text'), /nothing is recommended: it was read once/)
  t.equal(renderRecommendations({ ...once, pools: [] }, 'text'), 'No node was read.\n')
  t.equal(renderRecommendations({ ...once, pools: [] }, 'yaml'), '# No node was read.\n')
})

t.test('json has all of it, and the documents', async (t) => {
  const value = JSON.parse(renderRecommendations(found, 'json'))
  t.match(value.pools, [{ config: { kind: 'KubeletConfiguration' }, sysctl: /kernel.pid_max = / }])
  t.match(JSON.parse(renderRecommendations(once, 'json')).pools, [{ numbers: null, config: null, sysctl: null }])
})
