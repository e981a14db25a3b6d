import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The pids cgroup of all pods of the node, asked of the kernel itself. */
export class Kubepods {
  readonly #folder: string
  /** The most refusals seen of each cgroup: those of a container that crashes go with it. */
  readonly #refusals = new Map<string, number>()
  readonly #watch: NodeJS.Timeout

  constructor(folder: string) {
    this.#folder = folder
    this.#watch = setInterval(() => this.#count(), 20)
  }

  get limit(): number {
    const text = this.#read('pids.max')
    return text === 'max' ? Number.POSITIVE_INFINITY : Number(text)
  }

  set limit(tasks: number) {
    writeFileSync(join(this.#folder, 'pids.max'), Number.isFinite(tasks) ? String(tasks) : 'max')
  }

  get inUse(): number {
    return Number(this.#read('pids.current'))
  }

  /** Forks that the kernel has refused below it since the start, as far as they were seen. */
  get refusals(): number {
    this.#count()
    return [...this.#refusals.values()].reduce((sum, count) => sum + count, 0)
  }

  /** What the kernel log says of it; it says it once for each cgroup that tried. */
  get kernelLog(): string[] {
    try {
      const lines = execFileSync('dmesg', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')
      const cgroup = this.#folder.replace('/sys/fs/cgroup/pids', '')
      return lines.filter((line) => line.includes(`fork rejected by pids controller in ${cgroup}`))
    } catch {
      // Not for everybody, even as root (kernel.dmesg_restrict in a container).
      return []
    }
  }

  stop(): void {
    clearInterval(this.#watch)
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8').trim()
  }

  #count(): void {
    for (const folder of foldersBelow(this.#folder)) {
      const refused = refusalsIn(folder)
      if (refused > (this.#refusals.get(folder) ?? 0)) this.#refusals.set(folder, refused)
    }
  }
}

/** `max N` of pids.events. On cgroup v1 it counts in the cgroup that tried to fork. */
function refusalsIn(folder: string): number {
  try {
    return Number(/^max (\d+)$/m.exec(readFileSync(join(folder, 'pids.events'), 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

function foldersBelow(folder: string): string[] {
  try {
    if (!existsSync(folder)) return []
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [folder, ...inner.flatMap(({ name }) => foldersBelow(join(folder, name)))]
  } catch {
    return []
  }
}

export function pidMax(): number {
  return Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'))
}
