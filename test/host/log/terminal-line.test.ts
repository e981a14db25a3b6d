import t from 'tap'
import { terminalLine } from '../../../src/host/log/terminal-line.ts'

const time = '2026-05-01T10:20:30.000Z'
const local = new Date(time).toTimeString().slice(0, 8)
const line = (fields: object): string => `${JSON.stringify(fields)}\n`

void t.test('time, message and fields; the level where it is above info', async (t) => {
  t.equal(
    terminalLine(line({ level: 30, time, admission: 'https://127.0.0.1:8443', nodes: 3, msg: 'listening' })),
    `${local}  listening  admission=https://127.0.0.1:8443  nodes=3\n`
  )
  t.equal(terminalLine(line({ level: 40, time, what: 'a b', msg: 'late' })), `${local}  WARN  late  what="a b"\n`)
  t.equal(terminalLine(line({ level: 50, time, of: { a: 1 }, msg: 'x' })), `${local}  ERROR  x  of={"a":1}\n`)
  t.equal(terminalLine(line({ level: 35, time, msg: 'x' })), `${local}  35  x\n`)
})

void t.test('an error is below its line: the stack where there is one, else the sentence', async (t) => {
  const err = { type: 'AppError', message: 'a.yaml:3:1: expected a count\nand more' }
  t.equal(
    terminalLine(line({ level: 50, time, err, msg: 'not loaded' })),
    `${local}  ERROR  not loaded\n  a.yaml:3:1: expected a count\n  and more\n`
  )
  const fault = { message: 'x', stack: 'Error: x\n    at y' }
  t.match(terminalLine(line({ level: 50, time, err: fault, msg: 'm' })), /\n {2}Error: x\n {6}at y\n$/)
})

void t.test('what is no line of the log is left as it is', async (t) => {
  for (const text of ['plain text\n', '{"a":1}\n', '[1]\n', 'null\n', '{"level":"30","time":"x","msg":"y"}\n']) {
    t.equal(terminalLine(text), text)
  }
})
