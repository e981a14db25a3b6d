import t from 'tap'
import { deployment, validateTexts } from '../../support/files.ts'

async function problemsIn(text: string): Promise<string[]> {
  const { problems, findings } = await validateTexts({ 'a.yaml': text })
  t.strictSame(findings, [], 'what the API server refuses is not checked')
  return problems.map(({ message, place }) => `${place.line}:${place.column} ${message.replace(/^\S*\//, '')}`)
}

const unreadable: readonly (readonly [string, string])[] = [
  ['512MB', '"512MB"; is 512M meant?'],
  ['64gi', '"64gi"; is 64Gi meant?'],
  ['64MiB', '"64MiB"; is 64Mi meant?'],
  ['"1,5"', '"1,5"; is 1.5 meant?'],
  ['1 core', '"1 core"; is 1 meant?'],
  ['1K', '"1K"; is 1Ki meant?'],
  ['""', '""'],
  ['12:30', '"12:30"'],
  ['1e', '"1e"; is 1Ei meant?'],
  ['half', '"half"']
]
for (const [written, found] of unreadable) {
  void t.test(`${written} is no quantity, and named at its line`, async (t) => {
    const text = deployment('web', { resources: `{requests: {cpu: 100m, memory: ${written}}}` })
    t.strictSame(await problemsIn(text), [`12:43 memory: expected a quantity such as 64Mi, found ${found}`])
  })
}

void t.test('a negative quantity is refused, zero is not', async (t) => {
  t.strictSame(await problemsIn(deployment('web', { resources: '{limits: {cpu: -1}}' })), [
    '12:30 cpu: expected a quantity of 0 or more, found -1'
  ])
  const { problems } = await validateTexts({ 'a.yaml': deployment('web', { resources: '{limits: {cpu: 0}}' }) })
  t.strictSame(problems, [])
})

void t.test('every bad quantity of an object is named, in all kinds of containers', async (t) => {
  const text = `apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  resources: {requests: {cpu: x}}
  initContainers:
  - {name: i, resources: {requests: {memory: q}}}
  containers:
  - {name: a, resources: {limits: {nvidia.com/gpu: z}}}
  ephemeralContainers:
  - {name: e, resources: {requests: {cpu: w}}}
`
  t.strictSame(
    (await problemsIn(text)).map((line) => line.split(' ')[0]),
    ['5:26', '7:38', '9:36', '11:38']
  )
})

const empty: readonly { name: string; text: string; want: string }[] = [
  {
    name: 'a misspelt list of containers',
    text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  contaners:\n  - name: a\n',
    want: '5:3 spec: expected containers, which is missing; is contaners meant to be containers?'
  },
  {
    name: 'a misspelt template',
    text: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  tmplate: {spec: {containers: [{name: a}]}}\n',
    want: '5:3 spec: expected template, which is missing; is tmplate meant to be template?'
  },
  {
    name: 'an empty list',
    text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: []\n',
    want: '5:3 containers: expected at least one container, found an empty list'
  },
  {
    name: 'a Pod without spec',
    text: 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n',
    want: '1:1 expected spec, which is missing'
  },
  {
    name: 'a CronJob without template',
    text: 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  jobTemplate:\n    spec: {}\n',
    want: '6:5 spec: expected template, which is missing'
  }
]
for (const { name, text, want } of empty) {
  void t.test(`${name} is a problem, not a clean object`, async (t) => {
    t.strictSame(
      (await problemsIn(text)).map((line) => line.replace(' :', '')),
      [want]
    )
  })
}

void t.test('a ReplicationController needs no template', async (t) => {
  const text = 'apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\nspec: {replicas: 0}\n'
  t.strictSame(await problemsIn(text), [])
})

const named: readonly { where: string; text: string; server?: number; want: readonly string[] }[] = [
  {
    where: 'a pod with a limit of PIDs',
    text: '  resources: {limits: {pid: 2048}}',
    want: [
      'pid: Kubernetes v1.37 takes no limit of PIDs here (KEP-6063): expected cpu, memory or hugepages of a size, found "pid"'
    ]
  },
  {
    where: 'in the plural',
    text: '  resources: {limits: {pids: 2048}}',
    server: 34,
    want: [
      'pids: Kubernetes v1.34 takes no limit of PIDs here (KEP-6063): expected cpu, memory or hugepages of a size, found "pids"'
    ]
  },
  { where: 'before v1.34, which drops the field', text: '  resources: {limits: {pid: 2048}}', server: 33, want: [] },
  { where: 'after v1.37, which may take it', text: '  resources: {limits: {pid: 2048}}', server: 38, want: [] },
  {
    where: 'a pod with what only containers may have',
    text: '  resources: {requests: {nvidia.com/gpu: 1}}',
    want: ['nvidia.com~1gpu: expected cpu, memory or hugepages of a size, found "nvidia.com/gpu"']
  },
  { where: 'a pod with hugepages', text: '  resources: {requests: {hugepages-2Mi: 4Mi}}', want: [] },
  {
    where: 'a container with a limit of PIDs',
    text: '  initContainers: [{name: i, resources: {limits: {pid: 5}}}]',
    want: [
      'pid: expected cpu, memory, ephemeral-storage, hugepages of a size, or a name with a domain such as nvidia.com/gpu, found "pid"'
    ]
  },
  {
    where: 'a container with what it may have',
    text: '  initContainers: [{name: i, resources: {limits: {ephemeral-storage: 1Gi, example.com/x: 1}}}]',
    want: []
  }
]
for (const { where, text, server, want } of named) {
  void t.test(`names of resources: ${where}`, async (t) => {
    const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n${text}\n  containers:\n  - {name: a, resources: {requests: {cpu: 1, memory: 1Gi}}}\n`
    const { problems } = await validateTexts({ 'a.yaml': pod }, { kubernetesVersion: server ?? 37 })
    t.strictSame(
      problems.map(({ message }) => message.replace(/^\S*\//, '')),
      want
    )
  })
}
