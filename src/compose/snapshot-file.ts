import { readFile } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { Millis } from '../model/units.ts'
import type { Log } from '../ports.ts'
import type { ClusterSnapshot } from '../sources/snapshot.ts'
import { readSnapshot } from '../sources/snapshot-file.ts'
import { type PolledFiles, pollFiles } from './poll-files.ts'

/** A snapshot in a file that may change. */
export interface SnapshotFile {
  readonly current: ClusterSnapshot
  /** Tells of each good new version; a bad one is told to the log, and the last good one stays. */
  watch(every: Millis, log: Log, onChange: (snapshot: ClusterSnapshot) => void): PolledFiles
}

/** Throws ERR_USAGE when the file cannot be read, ERR_SNAPSHOT_INVALID when it is no snapshot. */
export async function loadSnapshotFile(path: string): Promise<SnapshotFile> {
  const text = await readSnapshotText(path)
  let current = readSnapshot(path, text)
  return {
    get current() {
      return current
    },
    watch(every, log, onChange) {
      const complain = (error: unknown): void =>
        log.error({ path, err: error }, 'snapshot not loaded, the last good one stays')
      return pollFiles(
        { text: path },
        { text },
        every,
        (texts) => {
          try {
            current = readSnapshot(path, texts.text)
          } catch (error) {
            complain(error)
            return
          }
          log.info({ path, nodes: current.nodes.length, pods: current.pods.length }, 'snapshot loaded')
          onChange(current)
        },
        complain
      )
    }
  }
}

async function readSnapshotText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('ERR_USAGE', `--snapshot ${path}: cannot be read: ${(cause as Error).message}`, { cause })
  }
}
