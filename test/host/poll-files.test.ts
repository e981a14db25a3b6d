import { EventEmitter, once } from 'node:events'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { pollFiles } from '../../src/host/poll-files.ts'

/** What is told of one file, as events `text` and `error`. */
function polled(file: string, initial: string): { told: EventEmitter; stop(): void } {
  const told = new EventEmitter()
  const { stop } = pollFiles(
    { file },
    { file: initial },
    5,
    (texts) => told.emit('text', texts.file),
    (error) => told.emit('error', error)
  )
  // Looking at files keeps no process alive.
  const alive = setInterval(() => {}, 1_000)
  return {
    told,
    stop() {
      stop()
      clearInterval(alive)
    }
  }
}

const large = (letter: string): string => letter.repeat(1_500_000)

for (const [name, text] of [
  ['small', (letter: string) => letter],
  ['large', large]
] as const) {
  void t.test(`a ${name} file: each new text is told once, whichever way it came`, async (t) => {
    const folder = t.testdir({ file: text('a') })
    const file = path.join(folder, 'file')
    const { told, stop } = polled(file, text('a'))
    t.teardown(stop)
    const next = async (change: () => void): Promise<string> => {
      const heard = once(told, 'text')
      change()
      return ((await heard)[0] as string).slice(0, 1)
    }
    t.equal(await next(() => writeFileSync(file, text('b'))), 'b', 'written over, as long as before')
    const replace = (letter: string): void => {
      writeFileSync(`${file}.new`, text(letter))
      renameSync(`${file}.new`, file)
    }
    t.equal(await next(() => replace('c')), 'c', 'replaced')
    writeFileSync(`${file}-1`, text('d'))
    const link = (): void => {
      symlinkSync(`${file}-1`, `${file}.link`)
      renameSync(`${file}.link`, file)
    }
    t.equal(await next(link), 'd', 'a link to another, as Kubernetes mounts them')
    let more = 0
    told.on('text', () => more++)
    await new Promise((later) => setTimeout(later, 50))
    t.equal(more, 0)
    // Before tap takes the folder away.
    stop()
  })
}

void t.test('a large file that goes is told once, and once more when it is back', async (t) => {
  const folder = t.testdir({ file: large('a') })
  const file = path.join(folder, 'file')
  const { told, stop } = polled(file, large('a'))
  t.teardown(stop)
  let failures = 0
  told.on('error', () => failures++)
  const gone = once(told, 'error').catch(() => {})
  rmSync(file)
  await gone
  await new Promise((later) => setTimeout(later, 50))
  t.equal(failures, 1)
  const back = once(told, 'text')
  writeFileSync(file, large('a'))
  t.equal(((await back)[0] as string).length, large('a').length)
  stop()
})

void t.test('once stopped it tells nothing, whatever a look on its way finds', async (t) => {
  const folder = t.testdir({ changed: 'b' })
  for (const name of ['changed', 'gone']) {
    const told: unknown[] = []
    const tell = (found: unknown): unknown => told.push(found)
    const begun = new Promise<void>((stopped) => {
      const held = {
        // Asked for as a look begins, before it reads: this look is on its way when it is stopped.
        get file() {
          stop()
          stopped()
          return 'a'
        }
      }
      const { stop } = pollFiles({ file: path.join(folder, name) }, held, 1, tell, tell)
    })
    const alive = setInterval(() => {}, 1_000)
    await begun
    clearInterval(alive)
    // The look reads the same file, and began before: it has ended after some reads of ours.
    for (let read = 0; read < 20; read++) await readFile(path.join(folder, name)).catch(() => {})
    t.strictSame(told, [], name)
  }
})
