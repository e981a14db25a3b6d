import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlPlane } from '../e2e/support/control-plane.ts'
import { logLines } from '../e2e/support/processes.ts'
import {
  type ClusterState,
  type Read,
  renderState,
  type SeenEvent,
  type SeenNode,
  type SeenPod,
  type SeenProcess,
  type SeenReplicaSet
} from './cluster-state.ts'

/** A wait that gave up, with what the cluster was like then. */
export class GaveUp extends Error {
  override readonly cause: Error
  /** Many lines; they are a part of the message too. */
  readonly state: string

  constructor(cause: Error, state: string) {
    super(`${cause.message}\n${state}`, { cause })
    this.cause = cause
    this.state = state
  }
}

/** What `play` gives. Where it fails, the error says what there is in the namespace, while it still is. */
export async function orSay<T>(plane: ControlPlane, namespace: string, play: () => Promise<T>): Promise<T> {
  try {
    return await play()
  } catch (error) {
    if (error instanceof GaveUp) throw error
    const cause = error instanceof Error ? error : new Error(String(error))
    throw new GaveUp(cause, renderState(await readState(plane, namespace)))
  }
}

async function readState(plane: ControlPlane, namespace: string): Promise<ClusterState> {
  const { api } = plane
  const [pods, replicaSets, nodes, events] = await Promise.all([
    read(() => api.list<SeenPod>('pods', namespace, '')),
    read(() => api.list<SeenReplicaSet>('replicasets', namespace, '')),
    read(async () => {
      const { status, body } = await api.get('/api/v1/nodes')
      if (status !== 200) throw new Error(`${status} ${body.message}`)
      return (body as { items: readonly SeenNode[] }).items
    }),
    read(() => api.list<SeenEvent>('events', namespace, ''))
  ])
  const processes = await read(() => processesOf(plane))
  return { at: Date.now(), namespace, pods, replicaSets, nodes, events, processes }
}

function processesOf({ programs }: ControlPlane): SeenProcess[] {
  return [...programs].map((program) => ({
    name: basename(dirname(program.logFile)),
    exit: program.exit(),
    lines: logLines(program.logFile, 20)
  }))
}

/** What hangs is not waited for: it may be why there was nothing to be seen. */
async function read<T>(ask: () => Promise<readonly T[]> | readonly T[]): Promise<Read<T>> {
  const timer = new AbortController()
  const overdue = sleep(20_000, undefined, { signal: timer.signal }).then(() => {
    throw new Error('no answer within 20 s')
  })
  try {
    return await Promise.race([(async () => ask())(), overdue])
  } catch (error) {
    return { unread: error instanceof Error ? error.message : String(error) }
  } finally {
    timer.abort()
    overdue.catch(() => {})
  }
}
