// A memory limit for one process and its children, as its container has it: by cgroup where one can be made.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'

/** As the Deployment has it (manifests/base/deployment.yaml). */
const limitMiB = 512

export interface Cage {
  /** How the memory is limited, in words. */
  readonly how: string
  /** Starts a program inside; what it prints goes to the file. */
  start(command: readonly string[], env: NodeJS.ProcessEnv, log: string): ChildProcess
  remove(): void
}

/** The first way that works on this machine: cgroup v2, cgroup v1, else a limit on the data of the process. */
export function openCage(): Cage {
  const ways: readonly (readonly [string, string, string])[] = [
    ['cgroup v2', '/sys/fs/cgroup', 'memory.max'],
    ['cgroup v1', '/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
  ]
  for (const [name, root, limit] of ways) {
    const folder = `${root}/pidguard-attacks-${process.pid}`
    if (!isLimited(folder, limit)) continue
    return {
      how: `${name}, ${limitMiB} MiB`,
      // The shell is in the group before it becomes the program.
      start: (command, env, log) =>
        begin(['sh', '-c', `echo $$ > ${folder}/cgroup.procs; exec "$@"`, 'sh', ...command], env, log),
      remove: () => rmdirSync(folder)
    }
  }
  if (spawnSync('which', ['prlimit']).status !== 0)
    throw new Error('no cgroup can be made here, and prlimit is missing')
  return {
    how: `prlimit --data, ${limitMiB} MiB: no cgroup can be made here`,
    start: (command, env, log) => begin(['prlimit', `--data=${limitMiB * 1024 * 1024}`, ...command], env, log),
    remove() {}
  }
}

/** False where this user cannot make a group, or the group has no controller of memory. */
function isLimited(folder: string, limit: string): boolean {
  try {
    mkdirSync(folder)
  } catch {
    return false
  }
  // A folder of a file system that is none of cgroups has no such files.
  if (existsSync(`${folder}/${limit}`)) {
    writeFileSync(`${folder}/${limit}`, String(limitMiB * 1024 * 1024))
    return true
  }
  rmdirSync(folder)
  return false
}

function begin([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv, log: string): ChildProcess {
  const out = openSync(log, 'w')
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', out, out] })
  const end = (): boolean => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}

/** MiB. `peak`: the most since the process began (VmHWM, proc_pid_status(5)). NaN once it is gone. */
export function residentOf(pid: number): { readonly now: number; readonly peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024
    return { now: of('VmRSS'), peak: of('VmHWM') }
  } catch {
    return { now: Number.NaN, peak: Number.NaN }
  }
}
