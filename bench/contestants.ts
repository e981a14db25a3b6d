import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isUp } from './client.ts'
import { fleetFile } from './fleet.ts'
import { certificateFolder, logFile, startPinned, stop } from './machine.ts'

export interface Contestant {
  readonly name: string
  /** Judges and patches as pidguard must; the others answer a constant. */
  readonly guards: boolean
  readonly command: (ports: Ports) => readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

export interface Ports {
  readonly port: number
  /** Plain HTTP: /readyz answers 200 once reviews are answered. */
  readonly probePort: number
}

export interface Server extends Ports {
  readonly pid: number
  readonly child: ChildProcess
  /** From spawn to the first 200 of /readyz. */
  readonly readyMs: number
}

const here = (name: string): string => path.join(import.meta.dirname, name)
const script = (name: string, ...rest: readonly string[]) => ({
  guards: false,
  command: ({ port, probePort }: Ports) => [
    process.execPath,
    here(name),
    String(port),
    String(probePort),
    certificateFolder,
    ...rest
  ]
})

export const contestants: readonly Contestant[] = [
  { name: 'bare', ...script('bare-server.ts') },
  { name: 'bare-again', ...script('bare-server.ts') },
  { name: 'fastify', ...script('fastify-server.ts') },
  { name: 'fastify-listener', ...script('fastify-server.ts', 'listener') },
  pidguard('pidguard', here('../dist/main.js'), 'info'),
  pidguard('pidguard-quiet', here('../dist/main.js'), 'warn'),
  // With PID headroom in force, over 5,000 nodes and 150,000 pods.
  pidguard('pidguard-headroom', here('../dist/main.js'), 'info', withFleet)
]

/** Any of the above; or, to compare two builds, `pidguard@FILE` or `pidguard-headroom@FILE` with the main.js of another. */
export function contestantNamed(name: string, known: readonly Contestant[] = contestants): Contestant {
  const [, kind, file] = /^(pidguard|pidguard-headroom)@(.+)$/.exec(name) ?? []
  if (file !== undefined)
    return pidguard(name, path.resolve(file), 'info', kind === 'pidguard-headroom' ? withFleet : undefined)
  const found = known.find((contestant) => contestant.name === name)
  if (found !== undefined) return found
  throw new Error(`no such contestant: ${name}. There are ${known.map((each) => each.name).join(', ')}`)
}

function withFleet(): readonly string[] {
  return ['--snapshot', fleetFile()]
}

/** What the image sets, but for the folder of its compile cache: how the program runs where people run it. */
export function imageEnvironment(): NodeJS.ProcessEnv {
  const dockerfile = readFileSync(here('../Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
  const [, text = ''] = /^ENV (NODE_ENV=.*)$/m.exec(dockerfile) ?? []
  const pairs = text.split(/\s+/).map((pair) => pair.split(/=(.*)/s, 2) as [string, string])
  if (pairs.length < 2) throw new Error('Dockerfile: expected ENV NODE_ENV=…, found none')
  return Object.fromEntries(pairs.filter(([name]) => name !== 'NODE_COMPILE_CACHE'))
}

function pidguard(name: string, main: string, logLevel: string, more: () => readonly string[] = () => []): Contestant {
  return {
    name,
    guards: true,
    env: imageEnvironment(),
    command: ({ port, probePort }) => [
      process.execPath,
      main,
      'serve',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--probe-port',
      String(probePort),
      '--cert-dir',
      certificateFolder,
      '--policy',
      here('policy.yaml'),
      '--log-level',
      logLevel,
      '--drain',
      '0',
      ...more()
    ]
  }
}

/** Starts a contestant and waits until it is ready. */
export async function start(contestant: Contestant, ports: Ports, pollMs = 10): Promise<Server> {
  const began = performance.now()
  const child = startPinned(contestant.name, contestant.command(ports), contestant.env)
  while (performance.now() - began < 20_000) {
    if (await isUp(ports.probePort, '/readyz')) {
      return { ...ports, child, pid: child.pid ?? 0, readyMs: performance.now() - began }
    }
    if (child.exitCode !== null) break
    await sleep(pollMs)
  }
  await stop(child)
  const tail = readFileSync(logFile(contestant.name), 'utf8').slice(-2000)
  throw new Error(`${contestant.name} did not become ready. It said:\n${tail}`)
}
