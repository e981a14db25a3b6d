import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { PrometheusReadings, prometheusDefaults } from '../../src/readings/prometheus/prometheus-readings.ts'
import { freePorts } from '../e2e/support/ports.ts'
import { startProgram } from '../e2e/support/processes.ts'
import { lackingPrograms } from '../e2e/support/programs.ts'
import { allAlerts } from '../support/alerts.ts'
import { systemClock } from '../support/fake-api.ts'
import { memorySink } from '../support/fake-kubelet.ts'
import { projectFolder } from '../support/sources.ts'
import { until } from '../support/until.ts'

const lacking = lackingPrograms(['prometheus'], process.env)

/** As the charts have them: prometheus-community/helm-charts, kube-prometheus, and the allow list of Azure and Grafana. */
const byDefault = {
  'kube-prometheus-stack': [
    { source_labels: ['__name__'], action: 'drop', regex: 'container_(file_descriptors|tasks_state|threads_max)' },
    { source_labels: ['id', 'pod'], action: 'drop', regex: '.+;' }
  ],
  'kube-prometheus': [
    {
      source_labels: ['__name__', 'pod', 'namespace'],
      action: 'drop',
      regex:
        '(container_spec_.*|container_file_descriptors|container_sockets|container_threads_max|container_threads|container_start_time_seconds|container_last_seen);;'
    }
  ],
  azure: [
    { source_labels: ['__name__'], action: 'keep', regex: 'container_cpu_usage_seconds_total|container_memory_rss' }
  ]
}

interface Found {
  readonly metric: Readonly<Record<string, string>>
}

interface Entry {
  readonly sourceLabels?: readonly string[]
  readonly targetLabel?: string
}

/** The lines of docs/monitoring.md for the chart, in the words of Prometheus itself. */
function documented(): object[] {
  const text = readFileSync(join(projectFolder, 'docs/monitoring.md'), 'utf8')
  const [, yaml = ''] = /```yaml\n(# kube-prometheus-stack[\s\S]*?)```/.exec(text) ?? []
  const entries = parse(yaml).kubelet.serviceMonitor.cAdvisorMetricRelabelings as Entry[]
  return entries.map(({ sourceLabels, targetLabel, ...entry }) => ({
    ...(sourceLabels && { source_labels: sourceLabels }),
    ...(targetLabel && { target_label: targetLabel }),
    ...entry
  }))
}

t.test(
  'what the default relabelling of charts drops is said, and what docs/monitoring.md adds brings it back',
  async (t) => {
    if (lacking.length > 0) return t.pass('tested', { skip: `no ${lacking.join(', ')}` })
    const folder = t.testdir({})
    const recording = readFileSync(join(projectFolder, 'test/fixtures/kubelet/v1.35/metrics-cadvisor.txt'), 'utf8')
    // Prometheus does not take samples as old as these.
    const metrics = recording
      .replace(/ \d{13}$/gm, '')
      // Which the recording was cut down to do without.
      .replace(/^(\w+)\{(.*\/pod[^\n]*)\} /gm, '$1{$2,namespace="shop",pod="web"} ')
    const kubelet = createServer((_request, response) => response.end(metrics))
    await once(kubelet.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => {
      kubelet.closeAllConnections()
      kubelet.close()
    })
    const target = `127.0.0.1:${(kubelet.address() as AddressInfo).port}`
    const jobs = { ...byDefault, documented: documented(), none: [] }
    const [port = 0] = await freePorts(1)
    writeFileSync(
      join(folder, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: Object.entries(jobs).map(([node, relabelling]) => ({
          job_name: node,
          static_configs: [{ targets: [target], labels: { node } }],
          metric_relabel_configs: relabelling
        }))
      })
    )
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`
    ]
    const running = await startProgram({ program: 'prometheus', args, logFile: join(folder, 'log'), cwd: folder })
    t.teardown(() => running.stop())
    const url = `http://127.0.0.1:${port}`
    const query = async (expression: string): Promise<Found[]> => {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
      const { data } = (await answer.json()) as { data: { result: Found[] } }
      return data.result
    }
    await until(
      'all jobs are scraped',
      async () => (await query('up == 1').catch(() => [])).length === Object.keys(jobs).length,
      async () => query('up == 1').catch(() => [])
    )
    const options = { ...prometheusDefaults, url, credentials: undefined, clock: systemClock }
    const readings = new PrometheusReadings(options)
    t.teardown(() => readings.close())
    const sink = memorySink()
    const targets = Object.keys(jobs).map((name) => ({ name, address: undefined, kubeletPort: 10250 }))
    await readings.read(targets, sink, { signal: new AbortController().signal, spread: 0 })

    const seen = (node: string) => {
      const reading = sink.readings.get(node)
      if (reading === undefined) return sink.failures.get(node)?.detail
      const { kubepods, pods, nearLimits, gaps } = reading
      return {
        kubepods: kubepods.inUse !== undefined && kubepods.limit !== undefined,
        pods: pods?.size ?? 0,
        limits: nearLimits !== undefined,
        said: gaps.filter(({ detail }) => /docs.monitoring.md/.test(detail)).length
      }
    }
    const all = { kubepods: true, pods: 23, limits: true, said: 0 }
    t.match(seen('none'), { ...all, pods: Number })
    const { pods } = seen('none') as typeof all
    t.ok(pods > 5)
    t.strictSame(seen('documented'), { ...all, pods })
    t.strictSame(seen('kube-prometheus-stack'), { kubepods: false, pods, limits: false, said: 2 })
    t.strictSame(seen('kube-prometheus'), { kubepods: false, pods, limits: true, said: 1 })
    t.match(seen('azure'), /Prometheus has no series/, 'nothing at all is a failure, with its reason')
    t.strictSame(
      await query('count by (__tmp_keep) (container_threads{node="documented",__tmp_keep!=""})'),
      [],
      'no label is left'
    )

    const absent = allAlerts().find(({ alert }) => alert === 'PidguardPodThreadsNotCollected')?.expr ?? ''
    for (const [node, want] of [
      ['kube-prometheus-stack', 0],
      ['kube-prometheus', 0],
      ['azure', 1],
      ['documented', 0]
    ] as const) {
      const there = absent.replace('{', `{node="${node}",`)
      t.equal((await query(there)).length, want, `${node}: ${there}`)
    }
  }
)
