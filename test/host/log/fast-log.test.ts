import { pino } from 'pino'
import t from 'tap'
import { plainLog } from '../../../src/host/log/fast-log.ts'

const time = (): string => ',"time":"2026-01-02T03:04:05.678Z"'

function logsAt(level: string): { lines: string[]; pinos: pino.Logger; plain: ReturnType<typeof plainLog> } {
  const lines: string[] = []
  const output = { write: (text: string) => lines.push(text) }
  const pinos = pino({ level, base: null, timestamp: time }, output)
  return { lines, pinos, plain: plainLog(pinos, output, time) }
}

const fields: readonly object[] = [
  {},
  { webhook: 'mutate', uid: 'a', fixedBy: ['pid-annotations'], durationMs: 0.125, dryRun: true },
  {
    name: 'quotes " and \\ and \n line\u2028breaks',
    namespace: 'é 漢 💥',
    findings: [{ ruleId: 'x', account: [1, null] }]
  },
  { name: 'web', subresource: undefined }
]

void t.test('a line is the one that pino would have written', async (t) => {
  const { lines, pinos, plain } = logsAt('debug')
  for (const each of fields) {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      pinos[level](each, 'review "of" a pod')
      plain[level](each, 'review "of" a pod')
      const [expected, found] = lines.splice(0)
      t.equal(found, expected)
    }
  }
})

void t.test('half a surrogate pair, which no UTF-8 can hold, is escaped', async (t) => {
  const { lines, plain } = logsAt('info')
  plain.info({ name: '\ud800' }, 'review')
  t.match(lines[0], '"name":"\\ud800"')
})

void t.test('an Error of a warning is told as pino tells it', async (t) => {
  const { lines, plain } = logsAt('info')
  plain.error({ err: new Error('broken') }, 'rule failed')
  t.match(JSON.parse(lines[0] ?? ''), { level: 50, err: { message: 'broken', stack: /fast-log/ }, msg: 'rule failed' })
})

void t.test('a level that is off writes nothing, also when it is switched off later', async (t) => {
  const { lines, pinos, plain } = logsAt('info')
  plain.debug({ a: 1 }, 'not wanted')
  t.equal(plain.isLevelEnabled?.('debug'), false)
  pinos.level = 'warn'
  plain.info({ a: 1 }, 'no longer wanted')
  t.same(lines, [])
  plain.warn({ a: 1 }, 'wanted')
  t.equal(lines.length, 1)
})
