// How long a start takes, and whether the first review after it is slower than later ones.
// Usage: npm run bench:startup -- [--rounds 9] [--contestants bare,pidguard]
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { parseArgs } from 'node:util'
import { checkAnswers } from './answers.ts'
import { bestEffortPod, judged, pod, type Review, textOf } from './bodies.ts'
import { type Contestant, contestantNamed, contestants, type Ports, type Server, start } from './contestants.ts'
import {
  certificateFolder,
  cpuMicrosOf,
  makeCertificates,
  raisePriority,
  requireMachine,
  rssMbOf,
  startPinned,
  stop,
  workFolder
} from './machine.ts'
import { alternated, median, spread } from './numbers.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    contestants: { type: 'string', default: 'bare,pidguard,pidguard without compile cache' }
  }
})

interface Reading {
  readonly readyMs: number
  readonly cpuMs: number
  readonly rssMb: number
  readonly handshakeMs: number
  readonly firstMs: number
  readonly secondMs: number
  /** The middle of reviews 91 to 100 on the same connection. */
  readonly laterMs: number
}

/** Budgets in milliseconds: these two are what a rollout waits for, so they are absolute. */
const readyBudget = 250
const firstBudget = 2

requireMachine('taskset', 'openssl')
raisePriority()
makeCertificates()
// The clients of this process must not compete with the server.
execFileSync('taskset', ['-acp', '1', String(process.pid)])

const ports: Ports = { port: 18_390, probePort: 18_391 }
const known = startupContestants()
const chosen = options.contestants.split(',').map((name) => contestantNamed(name, known))
const readings = new Map<string, Reading[]>(chosen.map(({ name }) => [name, []]))
const emptyMs: number[] = []
await warmUpClient()
for (const contestant of chosen) await fillCompileCache(contestant)
for (let round = 0; round < Number(options.rounds); round++) {
  emptyMs.push(await emptyRun())
  for (const contestant of alternated(chosen, round)) readings.get(contestant.name)?.push(await coldStart(contestant))
}
report()

function startupContestants(): Contestant[] {
  return contestants.flatMap((contestant) => {
    if (contestant.name === 'bare') return [withoutTypes(contestant)]
    if (!contestant.guards) return [contestant]
    // As the first start in a container whose /tmp is new.
    const name = `${contestant.name} without compile cache`
    return [contestant, { ...contestant, name, env: { ...contestant.env, NODE_DISABLE_COMPILE_CACHE: '1' } }]
  })
}

/** Stripping types takes longer than the bare server's start; its contestant is compiled beforehand. */
function withoutTypes(bare: Contestant): Contestant {
  const file = path.join(workFolder, 'bare-server.mjs')
  writeFileSync(file, stripTypeScriptTypes(readFileSync(path.join(import.meta.dirname, 'bare-server.ts'), 'utf8')))
  const command = ({ port, probePort }: Ports) => [
    process.execPath,
    file,
    String(port),
    String(probePort),
    certificateFolder
  ]
  return { ...bare, command }
}

async function emptyRun(): Promise<number> {
  const began = performance.now()
  await once(startPinned('empty', [process.execPath, '-e', '0']), 'exit')
  return performance.now() - began
}

/** Else the first contestant pays for this process's own compilation. */
async function warmUpClient(): Promise<void> {
  const server = await start(chosen[0] as Contestant, ports, 2)
  for (let i = 0; i < 30; i++) {
    const { socket } = await open()
    for (let j = 0; j < 20; j++) await review(socket, pod(j))
    socket.destroy()
  }
  await stop(server.child)
}

/** Node writes its compile cache when a process ends by itself. */
async function fillCompileCache(contestant: Contestant): Promise<void> {
  const { child } = await start(contestant, ports)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function coldStart(contestant: Contestant): Promise<Reading> {
  const server = await start(contestant, ports, 2)
  try {
    const cpuMs = cpuMicrosOf(server.pid) / 1000
    const rssMb = rssMbOf(server.pid)
    const { socket, handshakeMs } = await open()
    const times: number[] = []
    for (let i = 0; i < 100; i++) times.push(await review(socket, pod(i)))
    socket.destroy()
    await check(contestant, server)
    const at = (number: number): number => times[number - 1] ?? Number.NaN
    return {
      readyMs: server.readyMs,
      cpuMs,
      rssMb,
      handshakeMs,
      firstMs: at(1),
      secondMs: at(2),
      laterMs: median(times.slice(90))
    }
  } finally {
    await stop(server.child)
  }
}

function check(contestant: Contestant, server: Server): Promise<void> {
  const reviews = [judged(pod(1)), judged(bestEffortPod(1))]
  return checkAnswers(contestant, server, { name: 'start', url: '/validate', reviews, connections: 1, measure: 'cpu' })
}

async function open(): Promise<{ socket: TLSSocket; handshakeMs: number }> {
  const began = performance.now()
  const socket = connect({ host: '127.0.0.1', port: ports.port, rejectUnauthorized: false, minVersion: 'TLSv1.3' })
  await once(socket, 'secureConnect')
  return { socket, handshakeMs: performance.now() - began }
}

/** Posts a review on an open connection; resolves to the milliseconds until its answer is complete. */
function review(socket: TLSSocket, body: Review): Promise<number> {
  const text = textOf(body)
  const head = `POST /mutate?timeout=10s HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`
  const message = Buffer.from(head + text)
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let answer = ''
    const listen = (chunk: Buffer): void => {
      answer += chunk.toString('latin1')
      if (!isComplete(answer)) return
      const took = performance.now() - began
      socket.off('data', listen)
      if (answer.startsWith('HTTP/1.1 200 ')) resolve(took)
      else reject(new Error(`expected an answer, found ${answer.slice(0, 300)}`))
    }
    socket.on('data', listen)
    socket.write(message)
  })
}

function isComplete(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(answer)?.[1]
  return end >= 0 && length !== undefined && answer.length >= end + 4 + Number(length)
}

function report(): void {
  console.log(`Node ${process.version}, ${options.rounds} interleaved rounds, medians (lowest-highest), milliseconds.`)
  console.log(`\n\`node -e 0\`, spawn to exit: ${median(emptyMs).toFixed(0)} (${spread(emptyMs, 0)})\n`)
  console.log('| server | spawn to ready | CPU | RSS MB | TLS handshake | first review | both | second | after 90 |')
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const { name, guards } of chosen) {
    const own = readings.get(name) ?? []
    const cell = (of: (reading: Reading) => number, digits: number, budget?: number): string => {
      const values = own.map(of)
      const mark = budget === undefined || !guards ? '' : ` <= ${budget} ${median(values) <= budget ? 'pass' : 'OVER'}`
      return `${median(values).toFixed(digits)} (${spread(values, digits)})${mark}`
    }
    const cells = [
      cell(({ readyMs }) => readyMs, 0, readyBudget),
      cell(({ cpuMs }) => cpuMs, 0),
      cell(({ rssMb }) => rssMb, 0),
      cell(({ handshakeMs }) => handshakeMs, 1),
      cell(({ firstMs }) => firstMs, 2, firstBudget),
      cell(({ handshakeMs, firstMs }) => handshakeMs + firstMs, 2),
      cell(({ secondMs }) => secondMs, 2),
      cell(({ laterMs }) => laterMs, 2)
    ]
    console.log(`| ${name} | ${cells.join(' | ')} |`)
  }
}
