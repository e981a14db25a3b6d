import { readFileSync } from 'node:fs'
import t from 'tap'
import { CadvisorTextReader } from '../../../src/readings/kubelet/cadvisor-text.ts'

function read(text: string | Buffer, chunk = 65_536) {
  const bytes = Buffer.from(text)
  const reader = new CadvisorTextReader()
  for (let at = 0; at < bytes.length; at += chunk) reader.push(bytes.subarray(at, at + chunk))
  return reader.end()
}

const incident = readFileSync(new URL('../../fixtures/kubelet/incident-metrics-cadvisor.txt', import.meta.url))

t.test('the recorded incident: kubepods at its ceiling, two pods hold it', async (t) => {
  const found = read(incident)
  t.strictSame(found?.kubepods, { limit: 1500, inUse: 1006 })
  t.strictSame(
    [...(found?.pods ?? [])].sort((a, b) => b[1] - a[1]),
    [
      ['6d6a6def-66fb-4cd2-bc02-7939fe811e4d', 502],
      ['a60b231a-1850-4cf2-8776-3d9e441144c6', 502],
      ['1d4eaf22-d49f-4025-a853-e31591cc57ea', 1],
      ['53c7afcd-e8e3-42aa-8729-ad3acf6fd6a3', 1]
    ]
  )
  t.equal(found?.podLimits.size, 0)
  t.equal(found?.sampledAt, 1795258523913)
})

t.test('the same, however the bytes arrive', async (t) => {
  const whole = read(incident)
  for (const chunk of [1, 2, 3, 7, 64, 1000, 4096]) t.strictSame(read(incident, chunk), whole, `chunks of ${chunk}`)
})

const u = '278bb920-8281-4ce9-a864-8d8a8158294a'
const one = (labels: string, value: string, name = 'container_threads') => `${name}{${labels}} ${value}\n`

t.test('series', async (t) => {
  const cases: [name: string, text: string, want: object | undefined][] = [
    ['nothing', '', undefined],
    ['no kubepods', one('id="/"', '0'), undefined],
    [
      'no limit is Infinity',
      one('id="/kubepods"', '0', 'container_threads_max'),
      { limit: Number.POSITIVE_INFINITY, inUse: undefined }
    ],
    ['no task is 0', one('id="/kubepods"', '0'), { limit: undefined, inUse: 0 }],
    ['no end of line', 'container_threads{id="/kubepods"} 7', { limit: undefined, inUse: 7 }],
    [
      'other labels first, commas and quotes in them',
      one(String.raw`image="a,id=\"/kubepods\",b",id="/kubepods",pod="x}"`, '7'),
      { limit: undefined, inUse: 7 }
    ],
    ['a comma at the end', one('id="/kubepods",', '7'), { limit: undefined, inUse: 7 }],
    ['an exponent', one('id="/kubepods"', '1.2e+03'), { limit: undefined, inUse: 1200 }],
    ['not a number', one('id="/kubepods"', 'NaN'), undefined],
    ['below zero', one('id="/kubepods"', '-1'), undefined],
    ['no value', 'container_threads{id="/kubepods"}\n', undefined],
    ['broken labels', 'container_threads{id="/kubepods\n', undefined],
    ['no labels', 'container_threads 7\n', undefined],
    ['no id', one('pod="a"', '7'), undefined],
    ['another metric that begins the same', one('id="/kubepods"', '7', 'container_threads_peak'), undefined],
    ['another metric that ends the same', one('id="/kubepods"', '7', 'my_container_threads'), undefined],
    ['comments', '# HELP container_threads {id="/kubepods"} 7\n', undefined]
  ]
  for (const [name, text, want] of cases) {
    t.strictSame(read(text)?.kubepods, want, name)
    t.strictSame(read(text, 1)?.kubepods, want, `${name}, byte by byte`)
  }
})

t.test('a pod with a limit; a timestamp is not needed', async (t) => {
  const found = read(
    one('id="/kubepods"', '9') +
      one(`id="/kubepods/pod${u}"`, '9') +
      one(`id="/kubepods/pod${u}"`, '100', 'container_threads_max') +
      one('id="/kubepods/podnolimit"', '0', 'container_threads_max')
  )
  t.strictSame([...(found?.podLimits ?? [])], [[u, 100]])
  t.equal(found?.sampledAt, undefined)
})

t.test('of a cluster within the node, and the node, the node is read', async (t) => {
  const inner = `/docker/abc/kubelet/kubepods`
  const found = read(
    one(`id="${inner}"`, '5') +
      one(`id="${inner}/podinner"`, '5') +
      one('id="/kubepods"', '50') +
      one('id="/kubepods/podouter"', '50')
  )
  t.equal(found?.kubepods.inUse, 50)
  t.strictSame([...(found?.pods.keys() ?? [])], ['outer'])
})

t.test('a line without end is refused before it fills the memory', async (t) => {
  const reader = new CadvisorTextReader()
  t.throws(() => {
    for (;;) reader.push(Buffer.alloc(65_536, 'x'))
  }, /a line of more than 262144 bytes/)
})

const threads = (id: string, inUse: number, limit?: number) =>
  one(`id="${id}"`, String(inUse)) +
  (limit === undefined ? '' : one(`id="${id}"`, String(limit), 'container_threads_max'))

t.test('a limit of a cgroup above kubepods: the one with the least free', async (t) => {
  const nested = threads('/a/b/kubepods', 900, 5000)
  const aboveOf = (text: string) => read(text + nested)?.above
  t.equal(aboveOf(threads('/', 0, 0)), undefined, '0 is no limit')
  t.equal(aboveOf(threads('/other', 9, 10) + threads('/a/b/c', 9, 10)), undefined, 'it is not above')
  t.strictSame(aboveOf(threads('/', 2046, 2048)), { id: '/', limit: 2048, inUse: 2046 })
  t.strictSame(aboveOf(threads('/', 2000, 2048) + threads('/a', 950, 960) + threads('/a/b', 900, 1000)), {
    id: '/a',
    limit: 960,
    inUse: 950
  })
  t.equal(aboveOf(one('id="/"', '2048', 'container_threads_max')), undefined, 'what is in use there is not known')
})

t.test('containers outside of the empty cgroups of their pods: their sums are the pods', async (t) => {
  const uid = '22222222-2222-4222-8222-222222222222'
  const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`
  const empty =
    threads('/kubepods.slice', 0, 31_768) + threads(`/kubepods.slice/kubepods-burstable.slice/${slice}`, 0, 4096)
  const container = (id: string, inUse: number) =>
    threads(`/system.slice/containerd.service/${slice}:cri-containerd:${id}`, inUse, 0)
  const found = read(empty + container('a', 21_300) + container('b', 17))
  t.strictSame([...(found?.pods ?? [])], [[uid, 21_317]])
  t.strictSame(found?.kubepods, { limit: Number.POSITIVE_INFINITY, inUse: 21_317 }, 'and nothing bounds them')
  t.strictSame([found?.isMisplaced, found?.podLimits.size], [true, 0])
  const idle = read(empty)
  t.strictSame([idle?.isMisplaced, idle?.kubepods], [false, { limit: 31_768, inUse: 0 }])
  const both = read(
    threads('/kubepods.slice', 9) + threads(`/kubepods.slice/${slice.replace('burstable-', '')}`, 9) + container('a', 5)
  )
  t.strictSame([both?.isMisplaced, [...(both?.pods ?? [])]], [true, [[uid, 14]]], 'some outside, some in their pod')
  t.strictSame(both?.kubepods.inUse, 9, 'what is outside does not count against the limit of kubepods')
})

t.test(
  'limits of single cgroups that are half used: of pods, of containers, of units; not of what is above kubepods',
  async (t) => {
    const pod = `/kubepods.slice/kubepods-pod${u.replaceAll('-', '_')}.slice`
    const pair = (id: string, inUse: number, limit: number, container = '') =>
      one(`container="${container}",id="${id}"`, String(inUse)) +
      one(`container="${container}",id="${id}"`, String(limit), 'container_threads_max')
    const found = read(
      pair('/', 900, 1000) +
        pair('/kubepods.slice', 800, 0) +
        pair(pod, 500, 1000) +
        pair(`${pod}/crio-1.scope`, 90, 100, 'app') +
        pair(`${pod}/crio-2.scope`, 4, 100, 'sidecar') +
        pair(`${pod}/crio-3.scope`, 90, 0, 'unbounded') +
        pair('/system.slice/kubelet.service', 17, 18_858) +
        pair('/system.slice/containerd.service', 950, 1000)
    )
    t.strictSame(found?.nearLimits, [
      { of: 'unit', name: '/system.slice/containerd.service', limit: 1000, inUse: 950 },
      { of: 'container', pod: u, name: 'app', limit: 100, inUse: 90 },
      { of: 'pod', pod: u, name: '', limit: 1000, inUse: 500 }
    ])
    t.strictSame(found?.above, { id: '/', limit: 1000, inUse: 900 })
  }
)

t.test('a text without limits says nothing of them; the largest number of 64 bits is none', async (t) => {
  t.equal(read(one('id="/kubepods"', '7'))?.nearLimits, undefined)
  const text = one('id="/kubepods"', '7') + one('id="/kubepods"', '1.8446744073709552e+19', 'container_threads_max')
  t.strictSame(read(text)?.kubepods, { limit: Number.POSITIVE_INFINITY, inUse: 7 })
  t.strictSame(read(text)?.nearLimits, [])
})

void t.test('a kubelet that names more cgroups than any node has is not read to its end', async (t) => {
  const line = (index: number) => `container_threads{id="/kubepods/pod${index}"} 1\n`
  const read = (count: number) => {
    const reader = new CadvisorTextReader()
    for (let from = 0; from < count; from += 1_000) {
      reader.push(Buffer.from(Array.from({ length: Math.min(1_000, count - from) }, (_, i) => line(from + i)).join('')))
    }
    return reader.end()
  }
  t.doesNotThrow(() => read(50_000))
  t.throws(() => read(50_001), { message: 'more than 50000 lines of container_threads' })
})
