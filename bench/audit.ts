// A whole audit of a large cluster by the built program, and of a quarter of it. node bench/audit.ts [nodes] [pods] [namespaces]
// The cluster is a process of its own (audit-cluster.ts); the audit's own figures are what the kernel says of it at its end.
import { execFileSync, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Served, Size } from './audit-cluster.ts'
import { workFolder } from './machine.ts'

const budget = { rssMiB: 400, cpuSeconds: 60, htmlMB: 5 } as const

interface Measured {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly rssMiB: number
  readonly htmlMB: number
  readonly checked: number
  readonly findings: number
  readonly gaps: number
  readonly nodesRead: number
}

/** At the end of the process, into its file descriptor 3. maxRSS is VmHWM, in KiB. */
const sayUsage = `import { writeSync } from 'node:fs'
process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())))`

async function measure({ nodes, pods, namespaces }: Size): Promise<Measured> {
  const cluster = fork(path.join(import.meta.dirname, 'audit-cluster.ts'), [nodes, pods, namespaces].map(String))
  try {
    const [served] = (await once(cluster, 'message')) as [Served]
    return await audit(served)
  } finally {
    cluster.kill()
  }
}

async function audit({ port, ca }: Served): Promise<Measured> {
  mkdirSync(workFolder, { recursive: true })
  const file = (name: string): string => path.join(workFolder, name)
  const authority = { 'certificate-authority-data': Buffer.from(ca).toString('base64') }
  const kubeconfig = {
    clusters: [{ name: 'bench', cluster: { server: `https://127.0.0.1:${port}`, ...authority } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    'current-context': 'bench'
  }
  writeFileSync(file('kubeconfig.json'), JSON.stringify(kubeconfig))
  const args = [
    ...[`--import=data:text/javascript,${encodeURIComponent(sayUsage)}`],
    ...[path.join(import.meta.dirname, '../dist/main.js'), 'audit', '--kubeconfig', file('kubeconfig.json')],
    ...['--kubelet-insecure', '-o', `json=${file('audit.json')}`, '-o', `html=${file('audit.html')}`]
  ]
  const from = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe', 'pipe'] })
  let [said, usage] = ['', '']
  child.stderr?.on('data', (chunk) => (said += chunk))
  child.stdio[3]?.on('data', (chunk) => (usage += chunk))
  const [code] = await once(child, 'close')
  const wallSeconds = (performance.now() - from) / 1000
  // 1: something was found, as is meant here.
  if (code !== 1) throw new Error(`expected exit code 1, found ${code}\n${said.slice(-2_000)}`)
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage) as NodeJS.ResourceUsage
  const { summary, findings, gaps } = JSON.parse(readFileSync(file('audit.json'), 'utf8'))
  return {
    wallSeconds,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    rssMiB: maxRSS / 1024,
    htmlMB: statSync(file('audit.html')).size / 1e6,
    checked: summary.checked,
    findings: findings.length,
    gaps: gaps.length,
    nodesRead: summary.nodesRead
  }
}

function verdict(value: number, limit: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} (budget ${limit}, ${value <= limit ? 'pass' : 'OVER'})`
}

const [nodes = 5_000, pods = 150_000, namespaces = 10_000] = process.argv.slice(2).map(Number)
console.log(`node ${process.version}, ${execFileSync('nproc').toString().trim()} CPUs`)
for (const part of [4, 1]) {
  const size = { nodes: nodes / part, pods: pods / part, namespaces: namespaces / part }
  const found = await measure(size)
  console.log(
    `${size.nodes} nodes (${found.nodesRead} read), ${size.pods} pods, ${size.namespaces} namespaces: ` +
      `${found.checked} checked, ${found.findings} findings, ${found.gaps} gaps\n` +
      `  ${found.wallSeconds.toFixed(0)} s; CPU seconds ${verdict(found.cpuSeconds, budget.cpuSeconds)}; ` +
      `peak RSS MiB ${verdict(found.rssMiB, budget.rssMiB)}; HTML MB ${verdict(found.htmlMB, budget.htmlMB)}`
  )
}
