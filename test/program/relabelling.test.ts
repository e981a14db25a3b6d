import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { PrometheusReadings, prometheusDefaults } from '../../src/readings/prometheus/prometheus-readings.ts'
import { freePorts } from '../e2e/support/ports.ts'
import { startProgram } from '../e2e/support/processes.ts'
import { lackingPrograms } from '../e2e/support/programs.ts'
import { allAlerts } from '../support/alerts.ts'
import { selectorsOf } from '../support/expressions.ts'
import { systemClock } from '../support/fake-api.ts'
import { memorySink } from '../support/fake-kubelet.ts'
import { projectFolder } from '../support/sources.ts'
import { until } from '../support/until.ts'

const lacking = lackingPrograms(['prometheus'], process.env)

type Relabelling = readonly object[]

/** What a chart does by default to the scrapes of /metrics/cadvisor, of node_exporter and of the API server. */
interface Chart {
  readonly cadvisor: Relabelling
  readonly node: Relabelling
  /** undefined: it is not scraped. */
  readonly apiserver: Relabelling | undefined
}

const keep = (regex: string): Relabelling => [{ source_labels: ['__name__'], action: 'keep', regex }]

/** As they have them: prometheus-community/helm-charts, kube-prometheus, k8s-monitoring of Grafana, and the profile of Azure. */
const charts: Readonly<Record<string, Chart>> = {
  'kube-prometheus-stack': {
    cadvisor: [
      { source_labels: ['__name__'], action: 'drop', regex: 'container_(file_descriptors|tasks_state|threads_max)' },
      { source_labels: ['id', 'pod'], action: 'drop', regex: '.+;' }
    ],
    node: [],
    apiserver: [
      {
        source_labels: ['__name__', 'le'],
        action: 'drop',
        regex: '(etcd_request|apiserver_request_sli|apiserver_request)_duration_seconds_bucket;(0[.]15|0[.]2|45)'
      }
    ]
  },
  'kube-prometheus': {
    cadvisor: [
      {
        source_labels: ['__name__', 'pod', 'namespace'],
        action: 'drop',
        regex:
          '(container_spec_.*|container_file_descriptors|container_sockets|container_threads_max|container_threads|container_start_time_seconds|container_last_seen);;'
      }
    ],
    node: [],
    apiserver: [
      {
        source_labels: ['__name__'],
        action: 'drop',
        regex: 'apiserver_admission_(controller|step)_admission_latencies_.*'
      }
    ]
  },
  'k8s-monitoring': {
    cadvisor: [
      {
        source_labels: ['__name__', 'container'],
        separator: '@',
        action: 'drop',
        regex: '(container_cpu_.*|container_fs_.*|container_memory_.*)@'
      },
      ...keep('up|container_cpu_usage_seconds_total|container_memory_rss')
    ],
    node: keep('up|node_cpu.*|node_exporter_build_info|node_filesystem.*|node_memory.*'),
    apiserver: undefined
  },
  azure: {
    cadvisor: keep('container_cpu_usage_seconds_total|container_memory_rss'),
    node: keep('node_cpu_seconds_total|node_memory_MemTotal_bytes'),
    apiserver: keep('apiserver_request_total')
  }
}

interface Found {
  readonly metric: Readonly<Record<string, string>>
}

interface Entry {
  readonly sourceLabels?: readonly string[]
  readonly targetLabel?: string
}

/** The block of YAML in docs/monitoring.md that begins with this comment. */
function blockOf(comment: string): string {
  const text = readFileSync(join(projectFolder, 'docs/monitoring.md'), 'utf8')
  const [, yaml = ''] = text
    .split('```yaml\n')
    .flatMap((part) => (part.startsWith(`# ${comment}`) ? ['', part.split('```')[0]] : []))
  return yaml
}

/** An allow list with more names in it. */
function alsoKeeping(chart: string, names: readonly string[]): Relabelling {
  return (charts[chart]?.cadvisor ?? []).map((rule) =>
    'action' in rule && rule.action === 'keep' && 'regex' in rule
      ? { ...rule, regex: [rule.regex, ...names].join('|') }
      : rule
  )
}

/** The lines of docs/monitoring.md for each chart, in the words of Prometheus itself: what is written there is what runs here. */
function documented(): Readonly<Record<string, Relabelling>> {
  const stack = parse(blockOf('kube-prometheus-stack')).kubelet.serviceMonitor.cAdvisorMetricRelabelings as Entry[]
  const grafana = parse(blockOf('k8s-monitoring')).clusterMetrics.cadvisor.metricsTuning.includeMetrics as string[]
  const azure = String(parse(blockOf('Azure'))['default-targets-metrics-keep-list'])
  const [, listed = ''] = /^cadvisor = "([^"]*)"$/.exec(azure) ?? []
  return {
    'kube-prometheus-stack': stack.map(({ sourceLabels, targetLabel, ...entry }) => ({
      ...(sourceLabels && { source_labels: sourceLabels }),
      ...(targetLabel && { target_label: targetLabel }),
      ...entry
    })),
    'k8s-monitoring': alsoKeeping('k8s-monitoring', grafana),
    azure: alsoKeeping('azure', listed.split('|'))
  }
}

/** A text in the format of Prometheus, over HTTP. */
async function serve(t: Test, text: string): Promise<string> {
  const server = createServer((_request, response) => response.end(text))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Job {
  readonly name: string
  readonly target: string
  readonly labels: Readonly<Record<string, string>>
  readonly relabelling: Relabelling
}

/** A real Prometheus that has scraped each of these once. */
async function startScraping(t: Test, jobs: readonly Job[]) {
  const folder = t.testdir({})
  const [port = 0] = await freePorts(1)
  writeFileSync(
    join(folder, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: jobs.map(({ name, target, labels, relabelling }) => ({
        job_name: name,
        static_configs: [{ targets: [target], labels }],
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
    async () => (await query('up == 1').catch(() => [])).length === jobs.length,
    async () => query('up == 1').catch(() => [])
  )
  return { url, query }
}

/** What a kubelet of the recordings serves, without instants, which are too old for Prometheus, and with what they were cut down to do without. */
function cadvisorText(): string {
  return readFileSync(join(projectFolder, 'test/fixtures/kubelet/v1.35/metrics-cadvisor.txt'), 'utf8')
    .replace(/ \d{13}$/gm, '')
    .replace(/^(\w+)\{(.*\/pod[^\n]*)\} /gm, '$1{$2,namespace="shop",pod="web"} ')
}

t.test(
  'what the default relabelling of charts drops is said, and what docs/monitoring.md adds brings it back',
  async (t) => {
    if (lacking.length > 0) return t.pass('tested', { skip: `no ${lacking.join(', ')}` })
    const target = await serve(t, cadvisorText())
    const jobs: Readonly<Record<string, Relabelling>> = {
      none: [],
      ...Object.fromEntries(Object.entries(charts).map(([name, { cadvisor }]) => [name, cadvisor])),
      ...Object.fromEntries(Object.entries(documented()).map(([name, rules]) => [`${name}, documented`, rules]))
    }
    const { url, query } = await startScraping(
      t,
      Object.entries(jobs).map(([node, relabelling]) => ({ name: node, target, labels: { node }, relabelling }))
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
    for (const chart of Object.keys(documented())) {
      t.strictSame(
        seen(`${chart}, documented`),
        { ...all, pods },
        `${chart}: the lines of docs/monitoring.md bring all back`
      )
    }
    t.strictSame(seen('kube-prometheus-stack'), { kubepods: false, pods, limits: false, said: 2 })
    t.strictSame(seen('kube-prometheus'), { kubepods: false, pods, limits: true, said: 1 })
    for (const chart of ['azure', 'k8s-monitoring'])
      t.match(seen(chart), /Prometheus has no series/, `${chart}: nothing at all is a failure, with its reason`)
    t.strictSame(
      await query('count by (__tmp_keep) (container_threads{node="kube-prometheus-stack, documented",__tmp_keep!=""})'),
      [],
      'no label is left'
    )
  }
)

/** Alerts that say of others that they cannot fire, by the scrape whose series they miss. */
const absences: Readonly<Record<string, readonly string[]>> = {
  container: ['PidguardPodThreadsNotCollected'],
  node: ['PidguardThreadsNotCollected', 'PidguardNodeExporterMissing'],
  apiserver: ['PidguardAdmissionNotCollected']
}

/** The same expression over the series of one chart. */
function within(expr: string, chart: string): string {
  const label = `chart=${JSON.stringify(chart)}`
  return selectorsOf(expr)
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, selector, at) => text.replaceAll(selector, `<${at}>`), expr)
    .replace(/<(\d+)>/g, (_, at) => {
      const selector = selectorsOf(expr).toSorted((a, b) => b.length - a.length)[Number(at)] ?? ''
      return selector.includes('{') ? selector.replace('{', `{${label},`) : `${selector}{${label}}`
    })
}

/** Every series that an alert reads of scrapes that charts change: a node at 96 %, a pod, and the webhooks as an API server sees them. */
const nodeText = [
  'node_exporter_build_info 1',
  'node_processes_threads 31634',
  'node_processes_max_processes 32768',
  'node_processes_max_threads 125722',
  'node_memory_MemTotal_bytes 1'
].join('\n')
const apiserverText = [
  'apiserver_request_total 1',
  'apiserver_admission_webhook_admission_duration_seconds_bucket{name="validate.pidguard.io",le="0.5"} 1',
  'apiserver_admission_webhook_rejection_count{name="validate.pidguard.io",error_type="calling_webhook_error"} 1',
  'apiserver_admission_webhook_fail_open_count{name="validate.pidguard.io"} 1',
  'apiserver_admission_match_condition_evaluation_errors_total{name="validate.pidguard.io"} 1'
].join('\n')

t.test('under each chart every alert has its series, or an alert of absence fires', async (t) => {
  if (lacking.length > 0) return t.pass('tested', { skip: `no ${lacking.join(', ')}` })
  const [cadvisor, node, apiserver] = await Promise.all(
    [cadvisorText(), nodeText, apiserverText].map((text) => serve(t, `${text}\n`))
  )
  const all: Readonly<Record<string, Chart>> = { none: { cadvisor: [], node: [], apiserver: [] }, ...charts }
  const jobs = Object.entries(all).flatMap(([chart, rules]) => {
    const jobOf = (kind: string, target = '', relabelling?: Relabelling): Job[] =>
      relabelling === undefined ? [] : [{ name: `${chart} ${kind}`, target, labels: { chart }, relabelling }]
    return [
      ...jobOf('cadvisor', cadvisor, rules.cadvisor),
      ...jobOf('node', node, rules.node),
      ...jobOf('apiserver', apiserver, rules.apiserver)
    ]
  })
  const { query } = await startScraping(t, jobs)
  const absent = new Set(Object.values(absences).flat())
  const exprOf = (name: string): string => allAlerts().find(({ alert }) => alert === name)?.expr ?? ''
  for (const [kind, names] of Object.entries(absences)) {
    for (const name of names) {
      t.strictSame(await query(within(exprOf(name), 'none')), [], `${name} is silent where ${kind}_* are kept`)
    }
  }
  const high = await query(within(exprOf('PidguardNodeThreadsNearlyOut'), 'none'))
  t.equal(high.length, 1, 'and a node at 96 % is seen')

  for (const chart of Object.keys(charts)) {
    for (const { alert, expr } of allAlerts().filter(({ alert }) => !absent.has(alert))) {
      for (const selector of selectorsOf(expr)) {
        const kind = /^(?:\{__name__=~")?(container|node|apiserver)_/.exec(selector)?.[1]
        // pidguard's own metrics pass through no relabelling of these.
        if (kind === undefined || (await query(within(selector, chart))).length > 0) continue
        const fired = await Promise.all((absences[kind] ?? []).map((name) => query(within(exprOf(name), chart))))
        t.ok(
          fired.some((found) => found.length > 0),
          `${chart}: ${alert} lacks ${selector}, and that is alerted`
        )
      }
    }
  }
  const silent = (
    await Promise.all(
      ['kube-prometheus-stack', 'kube-prometheus'].map((chart) =>
        query(within(exprOf('PidguardPodThreadsNotCollected'), chart))
      )
    )
  ).flat()
  t.strictSame(silent, [], 'nothing is said to be missing where it is there')
})
