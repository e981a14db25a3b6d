import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { freePorts } from './ports.ts'
import { startProgram } from './processes.ts'
import { lackingPrograms } from './programs.ts'

/** What is missing for a real Prometheus and a real node_exporter, in words; undefined when nothing is. */
export function missingForPrometheus(env: NodeJS.ProcessEnv): string | undefined {
  const lacking = lackingPrograms(['prometheus', 'prometheus-node-exporter'], env)
  if (lacking.length === 0) return undefined
  return `a real Prometheus cannot be started here: no ${lacking.join(', ')} (apt-get install -y prometheus)`
}

export interface ScrapedTarget {
  readonly targets: readonly string[]
  readonly labels: object
}

/** A target on this machine, with the labels that relabelling would give it. */
export function scraped(port: number, labels: object = {}): ScrapedTarget {
  return { targets: [`127.0.0.1:${port}`], labels }
}

/** Where Prometheus finds what it is to scrape. */
export interface ScrapedPrograms {
  /** A real node_exporter of this machine, with its collector processes alone. */
  readonly exporterPort: number
  /** Answers with `metrics` of a kubelet. */
  readonly kubeletPort: number
}

/** Starts a real Prometheus in `folder` with the given settings, and beside it what else there is to scrape. Gives its URL. */
export async function startPrometheus(
  t: Test,
  folder: string,
  metrics: () => string,
  settingsOf: (programs: ScrapedPrograms) => object
): Promise<string> {
  const [port = 0, exporterPort = 0] = await freePorts(2)
  const kubelet = createServer((_request, response) => response.end(metrics()))
  await once(kubelet.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    kubelet.closeAllConnections()
    kubelet.close()
  })
  const kubeletPort = (kubelet.address() as AddressInfo).port
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(settingsOf({ exporterPort, kubeletPort })))
  const programs = {
    'prometheus-node-exporter': [
      '--collector.disable-defaults',
      '--collector.processes',
      `--web.listen-address=127.0.0.1:${exporterPort}`
    ],
    prometheus: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`
    ]
  }
  for (const [program, args] of Object.entries(programs)) {
    const running = await startProgram({ program, args, logFile: join(folder, `${program}.log`), cwd: folder })
    t.teardown(() => running.stop())
  }
  return `http://127.0.0.1:${port}`
}
