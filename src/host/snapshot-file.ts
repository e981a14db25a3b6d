import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { AppError } from '../errors.ts'
import type { Millis } from '../lib/units.ts'
import type { Log } from '../ports/runtime.ts'
import type { ClusterSnapshot } from '../snapshot/snapshot.ts'
import { readSnapshot } from '../snapshot/snapshot-document.ts'
import { reasonOf } from './files/file-error.ts'
import { type PolledFiles, pollFiles } from './poll-files.ts'

/** A snapshot in a file that may change. */
export interface SnapshotFile {
  readonly current: ClusterSnapshot
  /** Calls `onChange` with each good new version. A bad one is logged, and the last good one stays. */
  watch(every: Millis, log: Log, onChange: (snapshot: ClusterSnapshot) => void): PolledFiles
}

/** A snapshot as it is now; `-` is standard input. Throws ERR_SNAPSHOT_UNREADABLE and ERR_SNAPSHOT_INVALID. */
export async function readSnapshotFile(path: string): Promise<ClusterSnapshot> {
  return readSnapshot(path, await readSnapshotText(path))
}

/** Throws ERR_SNAPSHOT_UNREADABLE when the file cannot be read, ERR_SNAPSHOT_INVALID when it is no snapshot. */
export async function loadSnapshotFile(path: string): Promise<SnapshotFile> {
  const initial = await readSnapshotText(path)
  let current = readSnapshot(path, initial)
  return {
    get current() {
      return current
    },
    watch(every, log, onChange) {
      const logFailure = (error: unknown): void =>
        log.error({ path, err: error }, 'snapshot not loaded, the last good one stays')
      return pollFiles(
        { text: path },
        { text: initial },
        every,
        (texts) => {
          try {
            current = readSnapshot(path, texts.text)
          } catch (error) {
            logFailure(error)
            return
          }
          log.info({ path, nodes: current.nodes.length, pods: current.pods.length }, 'snapshot loaded')
          onChange(current)
        },
        logFailure
      )
    }
  }
}

async function readSnapshotText(path: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('ERR_SNAPSHOT_UNREADABLE', `--snapshot ${path}: ${reasonOf(cause)}`, { cause })
  }
}
