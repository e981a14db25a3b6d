// Processor time for each KB of reviews, files and answers of kubelets in the shapes of attacks, at 64 KB, 1 MB and 8 MB. Fails where
// that of 8 MB is more than twice that of the smaller ones: a square would be eight times and more.
// Usage: node bench/growth.ts [TEXT of the shapes to measure]
import type { JsonRecord } from '../src/lib/json/shape.ts'
import { CadvisorTextReader } from '../src/readings/kubelet/cadvisor-text.ts'
import { ProviderReader } from '../src/readings/kubelet/cri-stats.ts'
import { MalformedText } from '../src/readings/kubelet/malformed-text.ts'
import { RlimitReader } from '../src/readings/kubelet/stats-summary-text.ts'
import { admissionOf } from '../test/support/admissions.ts'
import { validateTexts } from '../test/support/files.ts'
import { pod, review } from './attacks/reviews.ts'

const sizes = [64 * 2 ** 10, 2 ** 20, 8 * 2 ** 20 - 2 ** 14]
const [only = ''] = process.argv.slice(2)
const kb = 1024

/** A text of one shape with so many entries, and what reads it. */
interface Shape {
  text(entries: number): string
  read(text: Buffer): unknown
}

const map = (count: number, entry: (i: number) => readonly [string, unknown]): JsonRecord =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => entry(i)))
const list = <T>(count: number, entry: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => entry(i))

const { admission, log, meter } = admissionOf()

function ofReview(webhook: 'validate' | 'mutate', make: (count: number) => JsonRecord): Shape {
  return {
    text: (count) => review(make(count)),
    read(text) {
      admission(webhook, Buffer.from(text), 0).report()
      log.lines.length = 0
      meter.counted.length = 0
    }
  }
}

const pods: Readonly<Record<string, (count: number) => JsonRecord>> = {
  'keys of a selector': (count) => pod({ nodeSelector: map(count, (i) => [`k${i}`, 'v']) }),
  labels: (count) => pod({}, { labels: map(count, (i) => [`k${i}`, 'v']) }),
  annotations: (count) => pod({}, { annotations: map(count, (i) => [`k${i}`, 'v']) }),
  'names of resources': (count) =>
    pod({ containers: [{ name: 'a', resources: { requests: map(count, (i) => [`example.com/r${i}`, '1']) } }] }),
  tolerations: (count) => pod({ tolerations: list(count, (i) => ({ key: `key-${i}` })) }),
  containers: (count) => pod({ containers: list(count, (i) => ({ name: `a${i}`, image: 'x', resources: {} })) }),
  'containers of a name': (count) => pod({ containers: list(count, () => ({ name: 'a' })) }),
  owners: (count) => pod({}, { ownerReferences: list(count, (i) => ({ kind: 'A', name: `o${i}`, uid: `${i}` })) }),
  'letters of a name': (count) => pod({}, { name: 'x'.repeat(count) }),
  'digits of a quantity': (count) =>
    pod({ containers: [{ name: 'a', resources: { requests: { cpu: '7'.repeat(count) } } }] })
}

const ofFile = (text: (count: number) => string): Shape => ({
  text,
  read: (bytes) => validateTexts({ 'all.yaml': bytes.toString('latin1') })
})
const bare = 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c}]}\n'
const files: Readonly<Record<string, (count: number) => string>> = {
  'spaces behind a source': (count) => `# Source: a${' '.repeat(count)}b\n${bare}`,
  'spaces in a line': (count) => `${bare}#${' '.repeat(count)}x\n`,
  'keys twice': (count) => `${bare}x:\n${'  a: 1\n'.repeat(count)}`,
  'objects without a separator': (count) => '{}'.repeat(count),
  documents: (count) => list(count, (i) => bare.replace('name: x', `name: x${i}`)).join('---\n'),
  separators: (count) => `${'---\n'.repeat(count)}${bare}`,
  'a List': (count) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: list(count, (i) => pod({}, { name: `p${i}` })) }),
  'Lists in Lists': (count) => `${'{"apiVersion":"v1","kind":"List","items":['.repeat(count)}${']}'.repeat(count)}`,
  'letters of a name': (count) => bare.replace('name: x', `name: ${'x'.repeat(count)}`),
  'brackets that open': (count) => `a: ${'['.repeat(count)}`
}

const pieces = 64 * kb

function ofKubelet(make: () => { push(chunk: Buffer): void; end(): unknown }, text: (count: number) => string): Shape {
  return {
    text,
    read(bytes) {
      const reader = make()
      try {
        for (let at = 0; at < bytes.length; at += pieces) reader.push(bytes.subarray(at, at + pieces))
        return reader.end()
      } catch (error) {
        // It is refused at its bound: what it cost until then counts.
        if (!(error instanceof MalformedText)) throw error
        return undefined
      }
    }
  }
}

const series = (count: number, line: (i: number) => string): string => list(count, line).join('')
const cadvisor = () => new CadvisorTextReader()
const kubelets: Readonly<Record<string, Shape>> = {
  'pods of a cgroup': ofKubelet(cadvisor, (n) => series(n, (i) => `container_threads{id="/kubepods/pod${i}"} 1\n`)),
  'limits of units': ofKubelet(cadvisor, (n) =>
    series(
      n,
      (i) => `container_threads_max{id="/system.slice/u${i}"} 9\ncontainer_threads{id="/system.slice/u${i}"} 8\n`
    )
  ),
  'series of others': ofKubelet(cadvisor, (n) =>
    series(n, (i) => `container_cpu_usage_seconds_total{id="/x${i}"} 1\n`)
  ),
  'labels of a series': ofKubelet(cadvisor, (n) => `container_threads{${'a="b",'.repeat(n)}id="/kubepods"} 1\n`),
  'a line without an end': ofKubelet(cadvisor, (n) => 'x'.repeat(n)),
  'containers by labels': ofKubelet(cadvisor, (n) =>
    series(n, (i) => `container_threads{container="c",id="${i}",namespace="a",pod="p${i % 100}"} 1\n`)
  ),
  'a summary with its figure at the end': ofKubelet(
    () => new RlimitReader(),
    (n) => `{"pods":[${'{"podRef":{}},'.repeat(n)}{}],"node":{"rlimit":{"maxpid":9,"curproc":1}}}`
  ),
  'metrics of a kubelet': ofKubelet(
    () => new ProviderReader(),
    (n) => series(n, (i) => `kubelet_x{a="${i}"} 1\n`)
  )
}

const shapes: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(
    (['validate', 'mutate'] as const).flatMap((webhook) =>
      Object.entries(pods).map(([name, make]) => [`${webhook}: ${name}`, ofReview(webhook, make)])
    )
  ),
  ...Object.fromEntries(Object.entries(files).map(([name, make]) => [`file: ${name}`, ofFile(make)])),
  ...Object.fromEntries(Object.entries(kubelets).map(([name, shape]) => [`kubelet: ${name}`, shape]))
}

/** Of the shape, within a few per cent of the size, found by proportion. */
function ofSize({ text }: Shape, bytes: number): Buffer {
  const [few, more] = [text(100).length, text(1_100).length]
  return Buffer.from(text(Math.max(1, Math.round(100 + ((bytes - few) * 1_000) / (more - few)))))
}

/** Microseconds of processor time for each KB: the least of several times, as neighbours only add to it. */
async function costOf({ read }: Shape, bytes: Buffer): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let spent = 0, times = 0; times < 1 || (spent < 200_000 && times < 30); times++) {
    const before = process.cpuUsage()
    await read(bytes)
    const { user, system } = process.cpuUsage(before)
    spent += user + system
    least = Math.min(least, user + system)
  }
  return least / (bytes.length / kb)
}

let over = 0
console.log(`| us of CPU for each KB | ${sizes.map((size) => `${Math.round(size / kb)} KB`).join(' | ')} | |`)
console.log(`|---|${sizes.map(() => '---|').join('')}---|`)
for (const [name, shape] of Object.entries(shapes)) {
  if (!name.includes(only)) continue
  const costs: number[] = []
  for (const size of sizes) costs.push(await costOf(shape, ofSize(shape, size)))
  const isFlat = (costs.at(-1) ?? 0) <= 2 * Math.max(...costs.slice(0, -1))
  if (!isFlat) over++
  console.log(`| ${name} | ${costs.map((cost) => cost.toFixed(2)).join(' | ')} | ${isFlat ? 'flat' : 'OVER'} |`)
}
process.exitCode = over === 0 ? 0 : 1
