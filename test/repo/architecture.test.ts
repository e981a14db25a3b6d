import { posix } from 'node:path'
import t from 'tap'
import { floors } from '../support/floors.ts'
import { importsOf, sourceOf, typescriptFilesOf, withoutComments } from '../support/sources.ts'

/** Imports that break the floors, each with the reason why it may. */
const sideways: Readonly<Record<string, string>> = {
  'headroom -> policy/settings.ts':
    'Types only: what the policy says of floors and estimates is what headroom reckons with.'
}

/** Packages that belong to one room. */
const roomOf: Readonly<Record<string, string>> = {
  fastify: 'server',
  'prom-client': 'server',
  '@kubernetes/client-node': 'kube',
  '@peculiar/x509': 'certs',
  'reflect-metadata': 'certs',
  commander: 'commands',
  'js-yaml': 'yaml',
  pino: 'host',
  'close-with-grace': 'serve'
}

/** The edge: the rooms that may touch time, environment and terminal. */
const edgeRooms = ['host/', 'serve/', 'commands/', 'main.ts']

/** What only the edge may touch: time, chance, environment, terminal, exit. */
const edge: readonly { readonly what: RegExp; readonly name: string; readonly allowed: readonly string[] }[] = [
  // report/audit/html/script.generated.ts is text that a browser runs.
  {
    name: 'Date.now',
    what: /\bDate\.now\b/,
    allowed: [...edgeRooms, 'browser/', 'report/audit/html/script.generated.ts']
  },
  { name: 'new Date() without an argument', what: /\bnew Date\(\s*\)/, allowed: edgeRooms },
  { name: 'performance', what: /\bperformance\./, allowed: edgeRooms },
  { name: 'process.hrtime', what: /\bprocess\.hrtime\b/, allowed: edgeRooms },
  { name: 'Math.random', what: /\bMath\.random\b/, allowed: edgeRooms },
  // try/try.ts plays the API server, which gives each review a uid of its own.
  { name: 'randomUUID', what: /\brandomUUID\b/, allowed: [...edgeRooms, 'try/try.ts'] },
  { name: 'process.env', what: /\bprocess\.env\b/, allowed: edgeRooms },
  { name: 'process.argv', what: /\bprocess\.argv\b/, allowed: ['main.ts'] },
  { name: 'process.exit and process.exitCode', what: /\bprocess\.exit(Code)?\b/, allowed: ['main.ts'] },
  { name: 'standard input and output', what: /\bprocess\.std(in|out|err)\b/, allowed: edgeRooms },
  // A reader that stops early, as head does, must not end in a stack trace.
  { name: 'process.stdout.write', what: /\bprocess\.stdout\.write\b/, allowed: ['host/stdout.ts'] },
  { name: 'console', what: /\bconsole\./, allowed: ['main.ts'] },
  // kube/credentials.ts reads the token that the kubelet renews in the file system.
  { name: 'files', what: /'node:fs(\/promises)?'/, allowed: [...edgeRooms, 'kube/credentials.ts'] }
]

const files = typescriptFilesOf('src')

/** `kube` of `kube/cache/reflector.ts`; a file on its own is its own room. */
function roomOfFile(path: string): string {
  return path.split('/')[0] as string
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => Object.hasOwn(rooms, room))
}

interface Edge {
  readonly file: string
  readonly target: string
  readonly isType: boolean
}

const edges: readonly Edge[] = files.flatMap((file) =>
  importsOf(sourceOf(file))
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from, isType }) => ({ file, target: posix.join(posix.dirname(file), from), isType }))
)

void t.test('every room is on a floor, and every room of a floor exists', async (t) => {
  const rooms = new Set(files.map(roomOfFile))
  for (const room of rooms) t.ok(floorOf(room) >= 0, `${room} is on no floor`)
  for (const room of floors.flatMap(Object.keys)) t.ok(rooms.has(room), `${room} has no file`)
})

void t.test('imports are found at all', async (t) => {
  t.ok(edges.length > 100, `${edges.length} imports`)
  t.ok(edges.some(({ file, target }) => file === 'main.ts' && target === 'commands/program/whole-program.ts'))
  t.strictSame(importsOf("import type { A } from './a.ts'\nimport b, {\n  c\n} from 'b'\n// import 'd'\nimport 'e'"), [
    { from: './a.ts', isType: true },
    { from: 'b', isType: false },
    { from: 'e', isType: false }
  ])
  t.strictSame(importsOf("export { x } from './x.ts'\nconst y = await import('./y.ts') // import('./z.ts')"), [
    { from: './x.ts', isType: false },
    { from: './y.ts', isType: false }
  ])
})

void t.test('a room imports from floors below and from itself, never upwards or sideways', async (t) => {
  for (const { file, target } of edges) {
    const [from, to] = [roomOfFile(file), roomOfFile(target)]
    if (from === to || `${from} -> ${target}` in sideways) continue
    t.ok(floorOf(to) < floorOf(from), `${file} imports ${target}`)
  }
})

void t.test('what may go sideways does so in types only', async (t) => {
  for (const { file, target, isType } of edges) {
    if (`${roomOfFile(file)} -> ${target}` in sideways) t.ok(isType, `${file} imports more than types of ${target}`)
  }
})

void t.test('only main.ts knows commands', async (t) => {
  for (const { file, target } of edges) {
    if (roomOfFile(target) === 'commands')
      t.ok(file === 'main.ts' || roomOfFile(file) === 'commands', `${file}: ${target}`)
  }
})

void t.test('a sibling’s file is not reached across folders of the house', async (t) => {
  for (const { file, target } of edges) t.notMatch(target, /^\.\./, `${file} leaves src: ${target}`)
})

void t.test('a package that belongs to one room is used there alone', async (t) => {
  for (const file of files) {
    for (const { from, isType } of importsOf(sourceOf(file))) {
      const name = from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/')
      const room = Object.hasOwn(roomOf, name) ? roomOf[name] : undefined
      if (room !== undefined && !isType) t.equal(roomOfFile(file), room, `${file} imports ${from}`)
    }
  }
})

void t.test('time, chance, environment, terminal and exit are touched at the edge alone', async (t) => {
  for (const file of files) {
    const code = withoutComments(sourceOf(file))
    for (const { what, name, allowed } of edge) {
      if (what.test(code))
        t.ok(
          allowed.some((place) => file.startsWith(place)),
          `${file} uses ${name}`
        )
    }
  }
})

void t.test('no import leads back to where it came from', async (t) => {
  const targets = new Map(
    files.map((file) => [file, edges.filter((edge) => edge.file === file).map(({ target }) => target)])
  )
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) t.fail([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (done.has(file) || path.includes(file)) return
    for (const target of targets.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.equal(done.size >= files.length, true)
})
