import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import type { Kind } from '../../../src/kube/cache/kind.ts'
import { type Answer, sendJson, sendStatus, until } from '../../support/fake-api.ts'
import { reflectThings, type Thing, thing, things } from '../../support/things.ts'

function list(items: object[], resourceVersion: string, next?: string): object {
  return { kind: 'ThingList', metadata: { resourceVersion, ...(next ? { continue: next } : {}) }, items }
}

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`
}

/** Answers lists and watches one after the other; the last of each goes on answering. */
function script(lists: ((response: ServerResponse, query: URLSearchParams) => void)[], watches: typeof lists): Answer {
  return (_request, response, query) => {
    const answers = query.has('watch') ? watches : lists
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    answer?.(response, query)
  }
}

/** A watch that says these lines and then nothing more, until the client goes. */
const openWatch =
  (...lines: string[]) =>
  (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.flushHeaders()
    for (const each of lines) response.write(each)
  }

const oneThing = (response: ServerResponse) => sendJson(response, list([thing('a', 1)], '10'))

const watchesOf = (asked: string[]) => asked.filter((each) => each.includes('watch=true'))

t.test('reads all pages, then watches from the version of the list', async (t) => {
  const { api, reflector } = await reflectThings(
    t,
    script(
      [
        (response) => sendJson(response, list([thing('a', 1), thing('b', 2)], '10', 'more')),
        (response) => sendJson(response, list([thing('c', 3)], '10'))
      ],
      [openWatch(line('MODIFIED', thing('a', 5, '11')), line('DELETED', thing('b', 2, '12')))]
    )
  )
  await until(
    'the watch is seen',
    () => reflector.get('b') === undefined && reflector.get('a')?.size === 5,
    () => [reflector.get('b'), reflector.get('a')]
  )
  t.strictSame([...reflector.values()].map(({ name }) => name).sort(), ['a', 'c'])
  t.match(api.asked[0], /\?limit=2$/)
  t.match(api.asked[1], /limit=\d+&continue=more$/)
  const watch = new URL(`http://x${watchesOf(api.asked)[0]?.slice(4)}`).searchParams
  t.equal(watch.get('resourceVersion'), '10')
  t.equal(watch.get('allowWatchBookmarks'), 'true')
  t.equal(watch.get('timeoutSeconds'), '300', 'between 240 and 360')
  t.match(reflector.state, { synced: true, lists: 1, failures: 0 })
})

t.test('events tell what changed in what is kept, and nothing else', async (t) => {
  const told: string[] = []
  await reflectThings(
    t,
    script(
      [oneThing],
      [
        openWatch(
          line('MODIFIED', thing('a', 1, '11')),
          line('ADDED', thing('b', 2, '12')),
          line('MODIFIED', thing('b', 3, '13')),
          line('DELETED', thing('b', 3, '14')),
          line('DELETED', thing('never-seen', 3, '15')),
          line('ADDED', thing('end', 0, '16'))
        )
      ]
    ),
    {
      changed: (value, previous) => told.push(`${value.name} ${previous?.size} > ${value.size}`),
      removed: (value) => told.push(`- ${value.name}`),
      synced: () => told.push('synced')
    }
  )
  await until(
    'the last event',
    () => told.includes('end undefined > 0'),
    () => told
  )
  t.strictSame(told, ['a undefined > 1', 'synced', 'b undefined > 2', 'b 2 > 3', '- b', 'end undefined > 0'])
})

t.test('a watch that ends or breaks is resumed where it was, bookmarks included', async (t) => {
  const ends: [string, (response: ServerResponse) => void][] = [
    ['ended by the server', (response) => response.end()],
    ['reset', (response) => void setTimeout(() => response.socket?.resetAndDestroy(), 20)],
    ['cut in the middle of a line', (response) => response.end('{"type":"MODIFIED","object":{"metadata":{"na')]
  ]
  for (const [name, end] of ends) {
    await t.test(name, async (t) => {
      const { api, reflector } = await reflectThings(
        t,
        script(
          [oneThing],
          [
            (response) => {
              openWatch(
                line('ADDED', thing('b', 1, '11')),
                line('BOOKMARK', { metadata: { resourceVersion: '42' } })
              )(response)
              end(response)
            },
            openWatch(line('ADDED', thing('c', 1, '43')))
          ]
        )
      )
      await until(
        'the second watch',
        () => reflector.get('c') !== undefined,
        () => reflector.get('c')
      )
      t.match(watchesOf(api.asked)[1], /resourceVersion=42&/)
      t.equal(reflector.state.lists, 1)
    })
  }
})

t.test('a version that is gone is listed anew, and what vanished meanwhile is removed', async (t) => {
  const gone: [string, (response: ServerResponse) => void][] = [
    ['HTTP 410', (response) => sendStatus(response, 410)],
    ['an ERROR event of 410', openWatch(line('ERROR', { kind: 'Status', code: 410, message: 'too old' }))],
    ['a line that is not JSON', openWatch('{"type":\n')],
    ['a line that is no event', openWatch('[1]\n')]
  ]
  for (const [name, answer] of gone) {
    await t.test(name, async (t) => {
      const removed: string[] = []
      const { reflector } = await reflectThings(
        t,
        script([oneThing, (response) => sendJson(response, list([thing('b', 2)], '50'))], [answer, openWatch()]),
        { removed: ({ name }) => removed.push(name) }
      )
      await until(
        'the second list',
        () => reflector.state.lists === 2,
        () => reflector.state.lists
      )
      t.strictSame([...reflector.values()], [{ name: 'b', size: 2 }])
      t.strictSame(removed, ['a'])
    })
  }
})

t.test('a list that fails keeps what was known and is tried again', async (t) => {
  const faults: [string, (response: ServerResponse) => void][] = [
    ['HTTP 500', (response) => sendStatus(response, 500)],
    ['HTTP 403', (response) => sendStatus(response, 403)],
    ['HTML of a proxy', (response) => void response.writeHead(502).end('<html>')],
    ['not JSON', (response) => void response.end('{"items":[')],
    ['no list', (response) => sendJson(response, { metadata: {} })],
    ['no object', (response) => sendJson(response, [])],
    ['no version', (response) => sendJson(response, { metadata: {}, items: [] })],
    ['reset', (response) => response.socket?.resetAndDestroy()],
    ['a page that has expired', (response) => sendStatus(response, 410)]
  ]
  for (const [name, fault] of faults) {
    await t.test(name, async (t) => {
      const { log, reflector } = await reflectThings(t, script([fault, oneThing], [openWatch()]))
      await until(
        'synced',
        () => reflector.state.synced,
        () => reflector.state
      )
      t.match(reflector.state, { lists: 1, failures: 1 })
      t.equal(log.lines.length, 1)
      t.equal(log.lines[0]?.level, 'warn')
    })
  }
})

t.test('waits as long as Retry-After says', async (t) => {
  const startedAt = performance.now()
  const { log, reflector } = await reflectThings(
    t,
    script([(response) => sendStatus(response, 429, { 'retry-after': '1' }), oneThing], [openWatch()])
  )
  await until(
    'synced',
    () => reflector.state.synced,
    () => reflector.state
  )
  t.ok(performance.now() - startedAt >= 1_000)
  t.match(log.lines[0]?.fields, { failure: 'throttled', status: 429 })
})

t.test('a silent watch is opened again without a new list', async (t) => {
  const { api, reflector } = await reflectThings(
    t,
    script([oneThing], [openWatch(), openWatch(line('ADDED', thing('b', 1, '11')))]),
    {},
    { silence: 1_000 }
  )
  await until(
    'the second watch',
    () => reflector.get('b') !== undefined,
    () => reflector.get('b')
  )
  t.equal(watchesOf(api.asked).length >= 2, true)
  t.match(reflector.state, { lists: 1, failures: 0 })
})

t.test('a proxy that hangs up at once is not asked in a tight loop', async (t) => {
  const { api, reflector } = await reflectThings(
    t,
    script([oneThing], [(response) => void response.writeHead(200).end()])
  )
  await until(
    'some tries',
    () => reflector.state.failures >= 3,
    () => reflector.state.failures
  )
  t.ok(watchesOf(api.asked).length <= reflector.state.failures + 1)
})

t.test('handlers that throw do not end it', async (t) => {
  const { log, reflector } = await reflectThings(
    t,
    script([oneThing], [openWatch(line('ADDED', thing('b', 1, '11')))]),
    {
      changed() {
        throw new Error('handler')
      },
      synced() {
        throw new Error('handler')
      }
    }
  )
  await until(
    'the watch',
    () => reflector.get('b') !== undefined,
    () => reflector.get('b')
  )
  t.equal(log.lines.filter(({ level }) => level === 'error').length, 3)
})

t.test('an object of another shape is left out, the others stay', async (t) => {
  const { log, reflector } = await reflectThings(
    t,
    script([(response) => sendJson(response, list([{ size: 1 }, thing('a', 1)], '10'))], [openWatch(line('ADDED', {}))])
  )
  await until(
    'both are seen',
    () => log.lines.length === 2,
    () => log.lines
  )
  t.equal(reflector.size, 1)
})

t.test('an empty list of Go is null', async (t) => {
  const { reflector } = await reflectThings(
    t,
    script([(response) => sendJson(response, { metadata: { resourceVersion: '1' }, items: null })], [openWatch()])
  )
  await until(
    'synced',
    () => reflector.state.synced,
    () => reflector.state
  )
  t.equal(reflector.size, 0)
})

t.test('stops while connecting, while waiting, while watching', async (t) => {
  const never: Answer = () => {}
  for (const [name, answer, calls, failures] of [
    ['before headers', never, 1, 0],
    ['watching', script([oneThing], [openWatch()]), 2, 0],
    [
      'waiting after a failure',
      script([(response) => sendStatus(response, 429, { 'retry-after': '900' })], [openWatch()]),
      1,
      1
    ]
  ] as const) {
    const { api, reflector } = await reflectThings(t, answer)
    await until(
      name,
      () => api.asked.length === calls && reflector.state.failures === failures,
      () => [api.asked, reflector.state]
    )
    await reflector.stop()
    t.equal(api.asked.length, calls, `${name}: it is not asked again`)
  }
})

const streamed: Kind<Thing> = { ...things, isStreamed: true }
const endOfList = (resourceVersion: string) =>
  line('BOOKMARK', { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } })

/** An API server of that version; undefined: it does not say. Answers watches one after the other, and lists with `a`. */
async function startStreamed(
  t: Test,
  minor: number | undefined,
  watches: Parameters<typeof script>[1],
  told: string[] = []
) {
  const events = {
    changed: ({ name }: Thing) => told.push(name),
    removed: ({ name }: Thing) => told.push(`- ${name}`),
    synced: () => told.push('synced')
  }
  const serverVersion = async () => minor
  return reflectThings(t, script([oneThing], watches), events, { kind: streamed, serverVersion })
}

const listsOf = (asked: string[]) => asked.filter((each) => each.includes('limit='))

t.test('where the API server knows it, a full list comes as the first events of a watch', async (t) => {
  const told: string[] = []
  const { api, reflector } = await startStreamed(
    t,
    34,
    [
      openWatch(
        line('ADDED', thing('a', 1, '5')),
        line('ADDED', thing('b', 2, '9')),
        endOfList('10'),
        line('MODIFIED', thing('a', 3, '11')),
        line('DELETED', thing('b', 2, '12'))
      )
    ],
    told
  )
  await until(
    'the last event',
    () => told.includes('- b'),
    () => told
  )
  t.strictSame(told, ['a', 'b', 'synced', 'a', '- b'])
  t.match(reflector.state, { synced: true, lists: 1, failures: 0 })
  t.strictSame(listsOf(api.asked), [])
  const query = new URL(`http://x${api.asked[0]?.slice(4)}`).searchParams
  t.strictSame(
    ['sendInitialEvents', 'resourceVersionMatch', 'allowWatchBookmarks', 'resourceVersion'].map((each) =>
      query.get(each)
    ),
    ['true', 'NotOlderThan', 'true', null]
  )
})

t.test('a list by watch that breaks begins again, and only its end says what is gone', async (t) => {
  const told: string[] = []
  const { api, reflector } = await startStreamed(
    t,
    37,
    [
      openWatch(
        line('ADDED', thing('a', 1, '5')),
        line('ADDED', thing('b', 2, '6')),
        endOfList('10'),
        line('ERROR', { code: 410 })
      ),
      (response) => {
        openWatch(line('ADDED', thing('c', 1, '20')))(response)
        response.end()
      },
      openWatch(
        line('ADDED', thing('b', 2, '6')),
        line('BOOKMARK', { metadata: { resourceVersion: '29' } }),
        endOfList('30')
      )
    ],
    told
  )
  await until(
    'the third list',
    () => reflector.state.lists === 2,
    () => reflector.state
  )
  t.strictSame(told, ['a', 'b', 'synced', 'c', '- a', '- c', 'synced'])
  t.strictSame(
    [...reflector.values()].map(({ name }) => name),
    ['b']
  )
  t.equal(
    watchesOf(api.asked).filter((each) => each.includes('resourceVersion=')).length,
    0,
    'never from the middle of a list'
  )
})

t.test('a watch that breaks after the list is resumed where it was', async (t) => {
  const { api, reflector } = await startStreamed(t, 37, [
    (response) => {
      openWatch(line('ADDED', thing('a', 1, '5')), endOfList('10'), line('ADDED', thing('b', 1, '11')))(response)
      response.end()
    },
    openWatch(line('ADDED', thing('c', 1, '12')))
  ])
  await until(
    'the second watch',
    () => reflector.get('c') !== undefined,
    () => reflector.state
  )
  t.match(watchesOf(api.asked)[1], /resourceVersion=11&/)
  t.equal(reflector.state.lists, 1)
})

t.test('a server that refuses is read in pages, and not asked again', async (t) => {
  const { api, log, reflector } = await startStreamed(t, 33, [
    (response) => sendStatus(response, 422),
    openWatch(line('ERROR', { code: 410 })),
    openWatch(line('ADDED', thing('c', 1, '12')))
  ])
  await until(
    'the second list',
    () => reflector.state.lists === 2,
    () => reflector.state
  )
  t.equal(api.asked.filter((each) => each.includes('sendInitialEvents')).length, 1)
  t.equal(listsOf(api.asked).length, 2)
  t.equal(log.lines.filter(({ level }) => level === 'warn').length, 1, 'of the 410 alone')
})

t.test('an old server, or one whose version is not known, is not even asked', async (t) => {
  for (const minor of [20, 26, undefined]) {
    const { api, reflector } = await startStreamed(t, minor, [openWatch()])
    await until(
      'the list',
      () => reflector.state.synced,
      () => reflector.state
    )
    t.equal(api.asked.filter((each) => each.includes('sendInitialEvents')).length, 0)
    t.equal(listsOf(api.asked).length, 1)
  }
})
