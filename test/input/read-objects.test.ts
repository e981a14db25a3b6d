import t from 'tap'
import { readObjects } from '../../src/input/read-objects.ts'
import { placeText } from '../../src/report/validate-report.ts'
import { memoryInputs } from '../support/files.ts'

/** What is read of a file that was named, or of one that lies in a folder that was. */
async function read(text: string, isNamed: boolean): Promise<string[]> {
  const inputs = memoryInputs({ 'list.yaml': text })
  const said: string[] = []
  for (const file of inputs.find(['list.yaml']).files) {
    await readObjects({ ...file, isNamed }, inputs, {
      object: async ({ object }) => void said.push(`object ${object['kind']}`),
      problem: ({ message, place }) => said.push(`${placeText(place)} ${message}`)
    })
  }
  return said
}

void t.test('an item of a List has to be an object wherever its file lies, as for kubectl', async (t) => {
  const list = 'apiVersion: v1\nkind: List\nitems:\n- null\n- {apiVersion: v1, kind: ConfigMap}\n'
  for (const isNamed of [true, false]) {
    t.strictSame(await read(list, isNamed), [
      'list.yaml:4:3 expected a Kubernetes object, found null',
      'object ConfigMap'
    ])
  }
})

void t.test('what else lies in a folder is passed over; a file that was named has to hold objects', async (t) => {
  for (const [text, found] of [
    ['- a\n', 'found a list'],
    ['replicas: 3\n', 'found one without apiVersion and kind'],
    ['kind: values\n', 'found one without apiVersion']
  ] as const) {
    t.strictSame(await read(text, false), [], text)
    t.strictSame(await read(text, true), [`list.yaml:1:1 expected a Kubernetes object, ${found}`], text)
  }
  t.strictSame(await read('kind: Pod\nmetadata: {name: a}\n', false), [
    'list.yaml:1:1 expected a Kubernetes object, found one without apiVersion'
  ])
})

void t.test('metadata of any kind have to be an object, or null, as for kubectl', async (t) => {
  const object = (metadata: string): string => `apiVersion: example.com/v1\nkind: Widget\nmetadata: ${metadata}\n`
  for (const [metadata, found] of [
    ['x', 'a string'],
    ['7', 'a number'],
    ['[a]', 'a list']
  ] as const) {
    for (const isNamed of [true, false])
      t.strictSame(await read(object(metadata), isNamed), [
        `list.yaml:3:1 /metadata: expected an object, found ${found}`
      ])
  }
  for (const metadata of ['null', '{}', '{name: a}'])
    t.strictSame(await read(object(metadata), true), ['object Widget'])
})
