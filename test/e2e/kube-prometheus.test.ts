import { readFileSync } from 'node:fs'
import t from 'tap'
import { PrometheusReadings, prometheusDefaults } from '../../src/readings/prometheus/prometheus-readings.ts'
import { systemClock } from '../support/fake-api.ts'
import { memorySink } from '../support/fake-kubelet.ts'
import { makeFolder, removeFolder } from './support/processes.ts'
import { missingForPrometheus, scraped, startPrometheus } from './support/prometheus.ts'
import { recordedMetrics } from './support/recorded-metrics.ts'
import { until } from './support/wait.ts'

const missing = missingForPrometheus(process.env)
if (missing === undefined) await readRealPrometheus()
else t.plan(0, missing)

async function readRealPrometheus(): Promise<void> {
  const folder = makeFolder('pidguard-prometheus-')
  t.teardown(() => removeFolder(folder))
  let metrics = recordedMetrics()
  const url = await startPrometheus(
    t,
    folder,
    () => metrics,
    ({ exporterPort, kubeletPort }) => ({
      global: { scrape_interval: '1s' },
      scrape_configs: [
        { job_name: 'node', static_configs: [scraped(exporterPort)] },
        { job_name: 'kubelet', static_configs: [scraped(kubeletPort, { node: 'node-a' })] }
      ]
    })
  )
  const readings = new PrometheusReadings({
    ...prometheusDefaults,
    url,
    credentials: undefined,
    clock: systemClock
  })
  t.teardown(() => readings.close())
  const read = async () => {
    const sink = memorySink()
    const targets = [
      { name: 'node-a', address: '127.0.0.1', kubeletPort: 10250 },
      { name: 'node-b', address: '127.0.0.2', kubeletPort: 10250 }
    ]
    await readings.read(targets, sink, { signal: new AbortController().signal, spread: 0 })
    return sink
  }

  void t.test('a real Prometheus, a real node_exporter, the metrics of a real kubelet', async (t) => {
    const sink = await until('both jobs scraped', async () => {
      const each = await read()
      const reading = each.readings.get('node-a')
      return reading?.host.inUse !== undefined && reading.kubepods.inUse !== undefined ? each : undefined
    })
    const reading = sink.readings.get('node-a')
    t.strictSame(reading?.kubepods, { limit: 1500, inUse: 1006 })
    t.equal(reading?.pods?.get('6d6a6def-66fb-4cd2-bc02-7939fe811e4d'), 502)
    t.equal(reading?.pods?.size, 4)
    const pidMax = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'))
    const threadsMax = Number(readFileSync('/proc/sys/kernel/threads-max', 'utf8'))
    t.equal(reading?.host.limit, Math.min(pidMax, threadsMax))
    t.ok(Number(reading?.host.inUse) > 10)
    t.strictSame(reading?.gaps, [])
    t.equal(sink.failures.get('node-b')?.reason, 'not-reported')
  })

  void t.test('a reading is as old as its samples, not as the query', async (t) => {
    metrics = ''
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const reading = (await read()).readings.get('node-a')
    // The kubelet's samples carry their own time, so they are still there, and ever older.
    t.ok(Date.now() - Number(reading?.at) > 2_000, `${Date.now() - Number(reading?.at)} ms`)
  })
}
