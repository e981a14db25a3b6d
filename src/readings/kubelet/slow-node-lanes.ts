/** A bounded number of jobs at once; the rest wait in line. */
class Lane {
  readonly #slots: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(slots: number) {
    this.#slots = slots
  }

  async run(job: () => Promise<void>): Promise<void> {
    if (this.#running >= this.#slots) await new Promise<void>((start) => this.#waiting.push(start))
    else this.#running++
    try {
      await job()
    } finally {
      // The slot is handed on directly, so no other caller can take it in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

/**
 * Two lanes: what failed last time waits for others that failed, never in front of nodes that answer. However many
 * nodes hang, the rest are read as if there were no others; what hung is found again within its own lane.
 */
export class Lanes {
  readonly #healthy: Lane
  readonly #suspect: Lane
  readonly #suspects = new Set<string>()
  readonly #underWay = new Set<string>()

  /** At most `slots` healthy and half as many suspect jobs run at once. */
  constructor(slots: number) {
    this.#healthy = new Lane(slots)
    this.#suspect = new Lane(Math.max(1, Math.floor(slots / 2)))
  }

  /** Runs the job of this name, unless one of the name is waiting or running. The job says whether it was answered. */
  async run(name: string, job: () => Promise<boolean>): Promise<void> {
    if (this.#underWay.has(name)) return
    this.#underWay.add(name)
    const lane = this.#suspects.has(name) ? this.#suspect : this.#healthy
    try {
      await lane.run(async () => {
        if (await job()) this.#suspects.delete(name)
        else this.#suspects.add(name)
      })
    } finally {
      this.#underWay.delete(name)
    }
  }

  /** Forgets names that are no longer there. */
  retain(names: ReadonlySet<string>): void {
    for (const name of this.#suspects) if (!names.has(name)) this.#suspects.delete(name)
  }
}
