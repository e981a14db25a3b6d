import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import t, { type Test } from 'tap'
import { testFilesOf, testFolder } from './test-files.ts'

/**
 * Seconds without a finished test after which the test that runs has failed. Tests take milliseconds, the slowest some seconds
 * on a quiet machine. Counted in ticks of a second, so that a busy machine or a long calculation does not count as waiting.
 */
const patience = 30

/** Milliseconds after which the runner kills a process that computes without end. */
const killedAfter = 600_000

/** The test that the file which is being imported adds its tests to. */
let current: Test = t

/** For room-tap.ts, which test files of a room get in place of `tap`. */
export function currentTest(): Test {
  return current
}

/**
 * Runs the test files of rooms one after the other in this process, each as a test of its name: starting a process for each
 * costs a second of CPU, most of it for tap itself. A file that leaves this process otherwise than it found it fails.
 */
export async function runRooms(...rooms: string[]): Promise<void> {
  const roomTap = pathToFileURL(join(import.meta.dirname, 'room-tap.ts')).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'tap' && context.parentURL?.endsWith('.test.ts') === true
        ? // One module for each importing file, so that each is bound to a test of its own.
          { url: `${roomTap}?${encodeURIComponent(context.parentURL)}`, shortCircuit: true }
        : next(specifier, context)
  })
  // With its first line tap starts to listen for signals, which no file is to answer for.
  t.comment(rooms.join(' '))
  for (const file of rooms.flatMap(testFilesOf)) await runFile(file)
  // Nothing is left to do: a process that goes on holds what a test left open.
  t.setTimeout(patience * 1_000)
}

async function runFile(file: string): Promise<void> {
  t.setTimeout(killedAfter)
  const before = processState()
  await t.test(file, async (test) => {
    let silent = 0
    const ticks = setInterval(() => {
      if (++silent === patience) test.timeout({ expired: `${patience} s without a finished test in ${file}` })
    }, 1_000)
    test.teardown(() => clearInterval(ticks))
    test.on('subtestEnd', () => {
      silent = 0
    })
    current = test
    await import(pathToFileURL(join(testFolder, file)).href)
  })
  // What was closed is gone a few turns of the event loop later.
  for (let turn = 0; turn < 100 && !isDeepStrictEqual(processState(), before); turn++) await sleep(20)
  const after = processState()
  if (!isDeepStrictEqual(after, before)) t.strictSame(after, before, `${file} leaves the process as it was`)
}

/** What one file could leave behind for the next one to trip over. */
function processState(): unknown {
  return {
    folder: process.cwd(),
    environment: { ...process.env },
    exitCode: process.exitCode,
    listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
    // Libraries keep what all their copies share under names that begin so.
    globals: Object.getOwnPropertyNames(globalThis).filter((name) => !name.startsWith('__')),
    prototypes: [Object, Array, String].map(({ prototype }) => Object.getOwnPropertyNames(prototype)),
    clock: Date.now,
    running: process.getActiveResourcesInfo().filter((kind) => /Server|Process|FSEvent|StatWatcher|Worker/.test(kind))
  }
}
