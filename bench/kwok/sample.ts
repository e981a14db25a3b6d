/** What is on one node, in tasks. */
export interface NodeSums {
  readonly ceiling: number
  /** Requests of its pods for the resource of the scheduler. */
  readonly requested: number
  /** The larger of estimate and threads of each pod; a pod that leaks counts with its estimate. */
  readonly promised: number
  /** The same with what leaks hold. */
  readonly withLeaks: number
  /** What its pods would hold, if the kernel let them. */
  readonly threads: number
}

/** One look at all nodes, or many added up: in node-seconds, for one look is taken each second. */
export class Sample {
  nodes = 0
  /** Nodes beyond their ceiling by each sum. */
  requestedBeyond = 0
  promisedBeyond = 0
  withLeaksBeyond = 0
  threadsBeyond = 0
  /** Tasks beyond ceilings: promised, and wanted by threads. */
  tasksPromisedBeyond = 0
  tasksBeyond = 0
  wanted = 0
  running = 0

  addNode({ ceiling, requested, promised, withLeaks, threads }: NodeSums): void {
    this.nodes++
    this.requestedBeyond += Number(requested > ceiling)
    this.promisedBeyond += Number(promised > ceiling)
    this.withLeaksBeyond += Number(withLeaks > ceiling)
    this.threadsBeyond += Number(threads > ceiling)
    this.tasksPromisedBeyond += Math.max(0, promised - ceiling)
    this.tasksBeyond += Math.max(0, threads - ceiling)
  }

  add(other: Sample): void {
    for (const name of Object.keys(other) as (keyof Sample)[]) {
      if (name !== 'add' && name !== 'addNode') this[name] += other[name]
    }
  }
}
