// One round of readings through a real Prometheus that holds a whole fleet: node bench/prometheus.ts [nodes]
// Needs `prometheus` (Debian: apt-get install prometheus). 30 pods a node, each with its two containers.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeReading } from '../src/model/node-reading.ts'
import { PrometheusReadings, prometheusDefaults } from '../src/readings/prometheus/prometheus-readings.ts'

const nodes = Number(process.argv[2] ?? 5_000)
const podsPerNode = 30
const rounds = 5
/** Seconds; a round shall not take longer. */
const goal = 5

const nameOf = (n: number): string => `node-${n}`

/** What cAdvisor and node_exporter of all nodes say, by the label that relabelling gives them. */
function exposition(): string {
  const lines: string[] = []
  for (let n = 0; n < nodes; n++) {
    const node = `node="${nameOf(n)}"`
    lines.push(`node_processes_max_processes{${node}} 4194304`, `node_processes_max_threads{${node}} 128000`)
    lines.push(`node_processes_threads{${node}} 2400`)
    const group = (id: string, more: string, threads: number, most: number): void => {
      lines.push(`container_threads{id="${id}",${more}${node}} ${threads}`)
      lines.push(`container_threads_max{id="${id}",${more}${node}} ${most}`)
    }
    group('/kubepods', '', 2_000, 32_768)
    for (let p = 0; p < podsPerNode; p++) {
      const uid = `${(n * podsPerNode + p).toString(16).padStart(8, '0')}-8281-4ce9-a864-8d8a8158294a`
      const id = `/kubepods/burstable/pod${uid}`
      const pod = `namespace="namespace-${p}",pod="workload-${n}-${p}",`
      group(id, pod, 40, 500)
      for (const letter of 'ab') group(`${id}/${letter.repeat(64)}`, `container="${letter}",${pod}`, 20, 0)
    }
  }
  return `${lines.join('\n')}\n`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}

const text = exposition()
const exporter = createServer((_request, response) => response.end(text))
await new Promise<void>((listening) => exporter.listen(0, '127.0.0.1', listening))
const folder = mkdtempSync(path.join(tmpdir(), 'pidguard-bench-'))
const port = await freePort()
const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`
// Once, so that no round meets a scrape: a Prometheus of such a fleet spreads its scrapes, over more than two cores.
writeFileSync(
  path.join(folder, 'prometheus.yml'),
  JSON.stringify({
    global: { scrape_interval: '110s', scrape_timeout: '60s' },
    scrape_configs: [{ job_name: 'fleet', static_configs: [{ targets: [target] }] }]
  })
)
const prometheus = spawn(
  'prometheus',
  [
    `--config.file=${path.join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`
  ],
  { stdio: 'ignore' }
)
const url = `http://127.0.0.1:${port}`

async function scraped(): Promise<void> {
  const query = new URLSearchParams({ query: 'count(node_processes_threads)' })
  const deadline = performance.now() + 120_000
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/api/v1/query?${query}`).catch(() => undefined)
    const body = (await answer?.json()) as { data?: { result?: { value: [number, string] }[] } } | undefined
    if (Number(body?.data?.result?.[0]?.value[1]) === nodes) return
    await sleep(500)
  }
  throw new Error('Prometheus has not scraped the fleet within two minutes')
}

try {
  await scraped()
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const source = new PrometheusReadings({ ...prometheusDefaults, url, credentials: undefined, clock })
  const targets = Array.from({ length: nodes }, (_, n) => ({
    name: nameOf(n),
    address: undefined,
    kubeletPort: 10_250
  }))
  const seconds: number[] = []
  let cpu = 0
  for (let round = 0; round < rounds; round++) {
    const readings = new Map<string, NodeReading>()
    const sink = { observeReading: (each: NodeReading) => void readings.set(each.node, each), observeFailure() {} }
    const [from, before] = [performance.now(), process.cpuUsage()]
    await source.read(targets, sink, { signal: new AbortController().signal, spread: 0 })
    seconds.push((performance.now() - from) / 1000)
    const { user, system } = process.cpuUsage(before)
    cpu += (user + system) / 1e6 / rounds
    const whole = [...readings.values()].filter(({ pods }) => pods?.size === podsPerNode).length
    if (whole !== nodes) throw new Error(`expected ${nodes} whole readings, found ${whole}`)
  }
  await source.close()
  const [fastest, slowest] = [Math.min(...seconds), Math.max(...seconds)].map((each) => each.toFixed(2))
  console.log(`${nodes} nodes, ${nodes * podsPerNode} pods, ${(text.length / 1e6).toFixed(0)} MB of exposition`)
  console.log(`one round: ${fastest} to ${slowest} s (goal <= ${goal}), ${cpu.toFixed(2)} s CPU of ours`)
} finally {
  prometheus.kill()
  exporter.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
process.exit()
