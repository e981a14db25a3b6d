import { readdirSync, readFileSync } from 'node:fs'

/** What the kernel holds a process to, by its own account. */
export interface KernelView {
  readonly user: number
  /** Effective capabilities, as a hexadecimal mask. */
  readonly capabilities: string
  readonly mayGainPrivileges: boolean
  readonly filtersSystemCalls: boolean
  readonly isRootReadOnly: boolean
  readonly residentMiB: number
  readonly threads: number
}

/** Process ids of the program in containers below that cgroup: the uid of a pod, or the name of the node's own one. */
export function programsIn(cgroup: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .filter((pid) => read(pid, 'cmdline').replaceAll('\0', ' ').startsWith('node /app/dist/main.js serve'))
    .filter((pid) => read(pid, 'cgroup').includes(cgroup))
}

export function kernelViewOf(pid: number): KernelView {
  const status = new Map(
    read(pid, 'status')
      .split('\n')
      .map((line) => line.split(/:\s+/, 2) as [string, string])
  )
  const field = (name: string): string => status.get(name) ?? ''
  const [, options = ''] = /^\S+ \/ \S+ (\S+)/m.exec(read(pid, 'mounts')) ?? []
  return {
    user: Number.parseInt(field('Uid'), 10),
    capabilities: field('CapEff'),
    mayGainPrivileges: field('NoNewPrivs') !== '1',
    filtersSystemCalls: field('Seccomp') === '2',
    isRootReadOnly: options.split(',').includes('ro'),
    residentMiB: Number.parseInt(field('VmRSS'), 10) / 1024,
    threads: Number(field('Threads'))
  }
}

/** Milliseconds since the process was made, the container's set-up by runc included; the kernel counts in 10 ms. */
export function ageOf(pid: number): number {
  // proc(5): field 22; the second one may hold spaces and ends with the last parenthesis.
  const fields = read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ')
  const startedAt = Number(fields[22 - 3]) * 10
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000 - startedAt
}

/** Nothing of a process that is gone. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
