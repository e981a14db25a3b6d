// What the harness asks of the machine: tools, certificates, pinned processes, their CPU time and memory.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const workFolder = path.join(import.meta.dirname, '.work')
export const certificateFolder = path.join(workFolder, 'certs')

const debianPackages: Record<string, string> = { wrk: 'wrk', taskset: 'util-linux', openssl: 'openssl' }

/** Ends the run, with what to install, when a tool is missing or there is no second CPU. */
export function requireMachine(...tools: readonly string[]): void {
  const missing = tools.filter((tool) => spawnSync('which', [tool]).status !== 0)
  if (missing.length > 0) {
    const packages = missing.map((tool) => debianPackages[tool] ?? tool).join(' ')
    throw new Error(`missing: ${missing.join(', ')}. On Debian or Ubuntu: apt-get install ${packages}`)
  }
  if (os.cpus().length < 2) throw new Error('two CPUs are needed: one for the server, one for the load')
  mkdirSync(workFolder, { recursive: true })
}

/** Raises the priority of what this process will start, where it may; on a shared machine that steadies the numbers. */
export function raisePriority(): void {
  try {
    os.setPriority(-10)
    // With autogrouping on, the group's value counts and the process's own does not.
    writeFileSync('/proc/self/autogroup', '-10')
    process.on('exit', () => writeFileSync('/proc/self/autogroup', '0'))
  } catch {
    // Not root, or no autogroups: the numbers are then as steady as the neighbours let them be.
  }
}

/** tls.crt, tls.key and ca.crt: an EC P-256 CA and a leaf for localhost, made once per checkout. */
export function makeCertificates(): string {
  const file = (name: string): string => path.join(certificateFolder, name)
  if (existsSync(file('tls.crt'))) return certificateFolder
  mkdirSync(certificateFolder, { recursive: true, mode: 0o700 })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650']
  const names = 'subjectAltName=DNS:localhost,DNS:pidguard.pidguard.svc,IP:127.0.0.1'
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', ['req', '-x509', ...key, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
  openssl('-keyout', file('ca.key'), '-out', file('ca.crt'), '-subj', '/CN=pidguard bench CA')
  openssl(
    ...['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-keyout', file('tls.key'), '-out', file('tls.crt')],
    ...['-subj', '/CN=localhost', '-addext', names, '-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', 'extendedKeyUsage=serverAuth']
  )
  return certificateFolder
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    console.error(`stopped by ${signal}`)
    process.exit(130)
  })
}

/** Starts a server on CPU 0; what it prints goes to a file of its name in the work folder. */
export function startPinned(name: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const log = openSync(logFile(name), 'w')
  const child = spawn('taskset', ['-c', '0', ...command], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', log, log]
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

export function logFile(name: string): string {
  return path.join(workFolder, `${name.replaceAll(/[^\w-]+/g, '_')}.log`)
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
}

/** CPU microseconds a process has used, user and system, all threads (proc_pid_stat(5): utime, stime; 10 ms grain). */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

export function rssMbOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
