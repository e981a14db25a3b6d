import { spawn } from 'node:child_process'
import path from 'node:path'

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Microseconds. */
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly errors: number
}

export interface Load {
  readonly port: number
  /** File with one "path<TAB>body file" a line. */
  readonly list: string
  readonly seconds: number
  readonly connections: number
  /** Mean pause of each connection between two requests, in milliseconds; none: as fast as answers come. */
  readonly pause?: number | undefined
}

/** Drives a server with wrk on CPU 1. */
export function drive({ port, list, seconds, connections, pause }: Load): Promise<LoadResult> {
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '--latency',
    '-s',
    path.join(import.meta.dirname, 'admission.lua')
  ]
  const wrk = spawn(
    'taskset',
    [
      '-c',
      '1',
      'wrk',
      ...args,
      `https://127.0.0.1:${port}`,
      '--',
      list,
      ...(pause === undefined ? [] : [String(pause)])
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  return new Promise((resolve, reject) => {
    let output = ''
    wrk.stdout.on('data', (chunk) => {
      output += chunk
    })
    wrk.on('error', reject)
    wrk.on('close', () => {
      const line = /RESULT (.*)/.exec(output)?.[1]
      if (line === undefined) reject(new Error(`wrk gave no result:\n${output}`))
      else resolve(JSON.parse(line) as LoadResult)
    })
  })
}
