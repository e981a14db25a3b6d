// Runs beside a test process and outlives it, however that ends, to end what it started and remove what it wrote.
// Its input has one thing a line, `pid 17` or `folder /tmp/x`, and the same after `gone ` once that is no more.
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const left = new Set<string>()
for await (const line of createInterface(process.stdin)) {
  if (line.startsWith('gone ')) left.delete(line.slice('gone '.length))
  else left.add(line)
}

const pids = [...left].filter((line) => line.startsWith('pid '))
for (const line of pids) {
  try {
    process.kill(Number(line.slice('pid '.length)), 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
const folders = [...left].filter((line) => line.startsWith('folder '))
for (const line of folders) {
  rmSync(line.slice('folder '.length), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}
