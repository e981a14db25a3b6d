import { withBlock } from './generated-block.ts'

/** A floor: its rooms (folders of src, or files that are a room of their own), each with what lives there. */
export type Floor = Readonly<Record<string, string>>

/**
 * The floors of the house, from the ground up. A room imports from floors below its own and from itself;
 * test/repo/architecture.test.ts checks that over all imports, and the picture in src/README.md is made from here.
 */
export const floors: readonly Floor[] = [
  { 'errors.ts': 'every error that may leave the process: code, status, hint' },
  { lib: 'helpers that know neither Kubernetes nor pidguard' },
  { kubernetes: 'the words of the Kubernetes API, and how we read them' },
  { model: 'finding, skip, fault, verdict' },
  { ports: 'what the inside asks of the outside: clock, caches, readings, log' },
  {
    policy: 'the policy document, and its settings for a namespace',
    headroom: 'how many PIDs are free: ledger, arithmetic, assessment, denial text',
    report: 'results to text: text, JSON, SARIF, JUnit, Markdown, HTML',
    yaml: 'YAML and JSON to objects with line and column, and edits in place'
  },
  { browser: 'the script of the HTML report; a browser runs it' },
  {
    engine: 'match, mutate, evaluate, decide; pure',
    kube: 'the API server: client, lists, caches',
    readings: 'PIDs of nodes: from kubelets, from Prometheus',
    certs: 'issue, check and rotate certificates',
    recommend: 'settings and estimates, from what was seen over time'
  },
  { snapshot: 'a cluster in a file' },
  { input: 'the files that are checked' },
  {
    leader: 'what one process does for all: election, taints, Events',
    audit: 'one pass over a whole cluster',
    rules: 'one file per rule',
    validate: 'one pass over files'
  },
  { emit: 'the rules about objects as policies of the API server itself' },
  {
    server: 'the webhook over HTTPS, probes, metrics',
    doctor: 'is the installation sound?',
    try: 'what kubectl apply would meet',
    top: 'who uses the PIDs',
    calico: 'the backend Felix is set to on each node, and what the node would need'
  },
  { host: 'this machine: files, terminal, clock, child processes' },
  { serve: 'the processes of `serve` and `controller`' },
  { commands: 'one file per verb' },
  { 'main.ts': 'arguments in, exit code out' }
]

/** The picture of src/README.md: the top floor first. */
export function renderFloors(): string {
  const width = Math.max(...floors.flatMap(Object.keys).map((room) => room.length))
  return floors
    .map((floor, index) =>
      Object.entries(floor)
        .map(([room, what], line) => {
          const number = line === 0 ? String(index + 1) : ''
          return `${number.padStart(2)}  ${room.padEnd(width)}  ${what}`
        })
        .join('\n')
    )
    .toReversed()
    .join('\n')
}

const begin = '<!-- The floors: made by npm run docs from test/support/floors.ts. -->\n```text\n'
const end = '\n```\n<!-- End of the floors. -->'

/** The text with its picture of the floors as it is today. Throws when the text has no place for it. */
export function withFloors(text: string): string {
  return withBlock(text, begin, end, renderFloors())
}
