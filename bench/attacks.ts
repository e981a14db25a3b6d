// Each attack that a stranger, a tenant or a kubelet can play, against the server as its Deployment runs it, alone and four
// times over, while good reviews are sent on connections of their own. Prints a table; fails where a bound does not hold.
// Usage: npm run bench:attacks -- [--only TEXT] [--seconds 8] [--times 1,4]
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { attacks } from './attacks/attacks.ts'
import { openCage, residentOf } from './attacks/cage.ts'
import { GoodReviews, type Phase } from './attacks/good-reviews.ts'
import { isUp } from './client.ts'
import { imageEnvironment } from './contestants.ts'
import { certificateFolder, logFile, makeCertificates, stop, workFolder } from './machine.ts'

const { values: chosen } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '8' },
    times: { type: 'string', default: '1,4' }
  }
})

const residentBound = 400
const p99Bound = 100
const longestBound = 1_000
const [port, probePort] = [18_490, 18_491] as const

interface Row {
  readonly name: string
  readonly times: number
  readonly before: Phase
  readonly during: Phase
  readonly after: Phase
  /** MiB. */
  readonly resident: number
  readonly residentAfter: number
  readonly isDead: boolean
}

mkdirSync(workFolder, { recursive: true })
makeCertificates()
favour(process.pid)
const cage = openCage()
const world = fork(path.join(import.meta.dirname, 'attacks/world.ts'), [certificateFolder])
favour(world.pid ?? 0, 0)
const [told] = (await once(world, 'message')) as [{ port: number; acts: readonly string[] }]
const kubeconfig = path.join(workFolder, 'attacks.kubeconfig')
writeFileSync(
  kubeconfig,
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${told.port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'token' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'pidguard-system' } }],
    'current-context': 'c'
  })
)

const names = [...Object.keys(attacks), ...told.acts].filter((name) => name.includes(chosen.only)).sort(byNumber)
const rows: Row[] = []
console.log(`Memory limited by ${cage.how}. Good reviews: two connections, one every 20 ms each.\n`)
console.log(
  '| attack | times | good p99, longest before | during | after | by the clock | wrong | resident peak, after | |'
)
console.log('|---|---|---|---|---|---|---|---|---|')
for (const name of names) for (const times of chosen.times.split(',').map(Number)) print(await play(name, times))
world.disconnect()
cage.remove()
const broken = rows.filter((row) => faultsOf(row).length > 0)
console.log(`\n${rows.length - broken.length} of ${rows.length} hold`)
if (broken.length > 0) process.exitCode = 1

/**
 * Server and good reviews go before what else the machine does, as far as this user may say so: the measure is what the
 * attackers cost, not the neighbours.
 */
function favour(pid: number, by = -15): void {
  try {
    setPriority(pid, by)
  } catch {
    // Not root: on a busy machine the latencies then say less.
  }
}

function byNumber(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10)
}

async function play(name: string, times: number): Promise<Row> {
  const server = await startServer()
  const pid = server.pid ?? 0
  const good = new GoodReviews(port, pid)
  try {
    // Every node was read: no pod of any size is let through any more.
    for (let tries = 0; await good.allows('large', 100_000, true); tries++) {
      if (tries > 600) throw new Error('the nodes are not known')
      await sleep(100)
    }
    // A pod that this address asks about is stored: it is an API server's.
    if (!(await good.allows('known', 1, false))) throw new Error('the first pod is not allowed')
    world.send({ act: 'store', times: 1 })
    for (let tries = 0; (await good.phase(500)).wrong > 0; tries++) if (tries > 120) throw new Error('no good answers')
    await good.phase(500)
    const before = await good.phase(2_000)
    const attackers = told.acts.includes(name) ? [] : await startAttackers(name, times)
    if (attackers.length === 0) world.send({ act: name, times })
    const during = await good.phase(Number(chosen.seconds) * 1_000)
    const { peak } = residentOf(pid)
    world.send({ act: '', times: 0 })
    await Promise.all(attackers.map(end))
    // What is under way ends within the request's time.
    await sleep(2_000)
    const after = await good.phase(2_000)
    const isDead = server.exitCode !== null || server.signalCode !== null
    return { name, times, before, during, after, resident: peak, residentAfter: residentOf(pid).now, isDead }
  } finally {
    good.close()
    await stop(server)
  }
}

async function startServer(): Promise<ChildProcess> {
  const main = path.join(import.meta.dirname, '../dist/main.js')
  const options = `--host 127.0.0.1 --port ${port} --probe-port ${probePort} --drain 0 --readings kubelet --kubelet-insecure`
  const files = ['--cert-dir', certificateFolder, '--kubeconfig', kubeconfig, '--readings-interval', '5s']
  const command = [process.execPath, main, 'serve', ...options.split(' '), ...files]
  const server = cage.start(command, imageEnvironment(), logFile('attacks'))
  const began = performance.now()
  while (!(await isUp(probePort, '/readyz'))) {
    if (server.exitCode !== null || server.signalCode !== null || performance.now() - began > 60_000)
      throw new Error(`the server is not ready; see ${logFile('attacks')}`)
    await sleep(100)
  }
  return server
}

async function startAttackers(name: string, times: number): Promise<readonly ChildProcess[]> {
  const attackers = Array.from({ length: times }, () =>
    fork(path.join(import.meta.dirname, 'attacks/attacker.ts'), [name, String(port)])
  )
  for (const { pid } of attackers) favour(pid ?? 0, 0)
  await Promise.all(attackers.map((attacker) => once(attacker, 'message')))
  return attackers
}

async function end(attacker: ChildProcess): Promise<void> {
  const ended = once(attacker, 'exit')
  attacker.send('end')
  await ended
}

function faultsOf({ before, during, after, resident, isDead }: Row): string[] {
  const faults = [
    isDead && 'dead',
    !(resident <= residentBound) && `resident over ${residentBound} MiB`,
    during.p99 > p99Bound && `p99 over ${p99Bound} ms`,
    during.longest > longestBound && `one past ${longestBound} ms`,
    before.wrong + during.wrong + after.wrong > 0 && 'wrong answers',
    after.p99 > Math.max(p99Bound, 3 * before.p99) && 'slow afterwards'
  ]
  return faults.filter((fault) => typeof fault === 'string')
}

function print(row: Row): void {
  rows.push(row)
  const { name, times, before, during, after, resident, residentAfter } = row
  const ms = ({ p99, longest }: Phase): string => `${p99.toFixed(1)}, ${longest.toFixed(1)} ms`
  const wrong = `${before.wrong}, ${during.wrong} of ${during.count}, ${after.wrong}`
  const clock = [before, during, after].map(({ clockP99 }) => clockP99.toFixed(0)).join(', ')
  const cells = [name, times, ms(before), ms(during), ms(after), clock, wrong]
  const verdict = faultsOf(row).join(', ') || 'holds'
  for (const { example } of [during, after]) if (example !== undefined) console.error(example.slice(0, 600))
  console.log(`| ${cells.join(' | ')} | ${resident.toFixed(0)}, ${residentAfter.toFixed(0)} MiB | ${verdict} |`)
}
