import type { Bytes, Millis, Pids } from '../../lib/units.ts'
import { type NearLimit, nearest, nearShare } from '../../model/near-limit.ts'
import type { Ceiling } from '../../model/node-reading.ts'
import { type CgroupPlace, placeOfCgroup, podOfContainer, podOfMisplaced } from '../cgroup-path.ts'
import { LabelledThreads } from './labelled-threads.ts'
import { MalformedText } from './malformed-text.ts'
import { type Labels, readLabels } from './series-labels.ts'

/** What the cAdvisor metrics of one node say of tasks. */
export interface CadvisorThreads {
  readonly kubepods: Ceiling
  readonly pods: ReadonlyMap<string, Pids>
  readonly podLimits: ReadonlyMap<string, Pids>
  /** Limits of pods, of their containers and of units that are at least half used; undefined: the text has no limits. */
  readonly nearLimits: readonly NearLimit[] | undefined
  /** The cgroup above kubepods with the least free, where one has a limit. */
  readonly above: { readonly id: string; readonly limit: Pids; readonly inUse: Pids } | undefined
  /**
   * Containers run outside of the cgroups of their pods: kubelet and runtime use different cgroup drivers. `pods` have the sums of such
   * containers; where all are of this kind, no limit of kubepods or of a pod bounds anything.
   */
  readonly isMisplaced: boolean
  /** The oldest instant of a figure of kubepods, by the node's own clock; undefined where the text has no timestamps. */
  readonly sampledAt: Millis | undefined
}

const needle = Buffer.from('container_threads')
const maxSuffix = '_max'
const newline = 0x0a
const nothing = Buffer.alloc(0)
/** Of one series with all its labels; the labels of a pod are bounded by the API, far below this. */
const longestLine: Bytes = 256 * 1024

/**
 * Lines of tasks and limits that are read of one node, so that one node's answer takes a bounded share of memory and time. 500
 * pods, the most of any known distribution, with ten cgroups each are 10,000 of them. Own choice: five times that.
 */
const mostLines = 50_000

/** Cgroups outside of kubepods that are kept; a node has some hundred units. Own choice. */
const mostOthers = 5_000

/** A larger limit is none: the kernel has at most 4,194,304 tasks (PID_MAX_LIMIT). */
const mostPids: Pids = 2 ** 32

interface Root {
  readonly path: string
  depth: number
  limit: Pids | undefined
  inUse: Pids | undefined
  sampledAt: Millis | undefined
  readonly pods: Map<string, Pids>
  readonly podLimits: Map<string, Pids>
}

/**
 * Reads `container_threads` and `container_threads_max` out of the Prometheus text of `/metrics/cadvisor` as it streams
 * in. Everything else, some 99 % of the text, is passed over by a byte search and never becomes a string.
 */
export class CadvisorTextReader {
  /** What a container runtime counted: series that name pods, and no cgroup. */
  readonly labelled = new LabelledThreads()
  readonly #roots = new Map<string, Root>()
  /** Cgroups that are no part of a kubepods and may be above it, by id. */
  readonly #others = new Map<string, { limit: Pids; inUse: Pids | undefined }>()
  /** Tasks of cgroups inside of pods, by id. */
  readonly #inside = new Map<string, Pids>()
  /** Limits of cgroups inside of pods that have one, by id, with the name of the container. */
  readonly #containerLimits = new Map<string, { readonly name: string; readonly limit: Pids }>()
  /** There is a limit of any cgroup, also one that says that there is none. */
  #hasLimits = false
  /** Tasks of containers that run outside of the cgroup of their pod, by pod uid. */
  readonly #misplaced = new Map<string, Pids>()
  #carry: Buffer | undefined
  #lines = 0

  /** Throws MalformedText. */
  push(chunk: Buffer): void {
    const first = chunk.indexOf(newline) + 1
    const held = this.#carry ?? nothing
    // Only the line that two chunks share is put together; the rest, some ten megabytes of a full node, is looked at where it is.
    if (first > 0 && held.length > 0) this.#scan(Buffer.concat([held, chunk.subarray(0, first)]))
    const end = chunk.lastIndexOf(newline) + 1
    this.#scan(chunk.subarray(held.length > 0 ? first : 0, end))
    // Copied: the chunk belongs to the stream.
    this.#keep(first === 0 ? Buffer.concat([held, chunk]) : Buffer.from(chunk.subarray(end)))
  }

  /** The beginning of a line. Throws MalformedText. */
  #keep(rest: Buffer): void {
    if (rest.length > longestLine) throw new MalformedText(`a line of more than ${longestLine} bytes`)
    this.#carry = rest.length === 0 ? undefined : rest
  }

  /** What was found; undefined when there is no kubepods cgroup with its tasks in the text. */
  end(): CadvisorThreads | undefined {
    if (this.#carry !== undefined) this.#scan(Buffer.concat([this.#carry, Buffer.of(newline)]))
    this.#carry = undefined
    // A cluster that runs in containers of this node shows its own kubepods deeper down; the node's is the highest.
    let best: Root | undefined
    for (const root of this.#roots.values()) {
      if (root.inUse === undefined && root.limit === undefined) continue
      if (best === undefined || root.depth < best.depth) best = root
    }
    if (best === undefined) return undefined
    const { limit, inUse, pods, podLimits, sampledAt } = best
    const above = this.#above(best.path)
    const misplaced = sumOf(this.#misplaced)
    if (misplaced > 0 && sumOf(pods) === 0) {
      const kubepods = { limit: Number.POSITIVE_INFINITY, inUse: misplaced }
      const nearLimits = this.#nearLimits(best.path, new Map(), new Map())
      return { kubepods, pods: this.#misplaced, podLimits: new Map(), nearLimits, above, isMisplaced: true, sampledAt }
    }
    const nearLimits = this.#nearLimits(best.path, pods, podLimits)
    // Some only: pods from before a driver was changed. What is outside of kubepods does not count against its limit.
    for (const [pod, pids] of this.#misplaced) pods.set(pod, (pods.get(pod) ?? 0) + pids)
    const isMisplaced = misplaced > 0
    return { kubepods: { limit, inUse }, pods, podLimits, nearLimits, above, isMisplaced, sampledAt }
  }

  /** Of pods, of containers in them, and of units that are not above kubepods: those have a ceiling of their own. */
  #nearLimits(
    path: string,
    pods: ReadonlyMap<string, Pids>,
    podLimits: ReadonlyMap<string, Pids>
  ): readonly NearLimit[] | undefined {
    if (!this.#hasLimits) return undefined
    const found: NearLimit[] = []
    for (const [pod, limit] of podLimits) found.push({ of: 'pod', pod, name: '', limit, inUse: pods.get(pod) ?? 0 })
    for (const [id, { name, limit }] of this.#containerLimits) {
      const inUse = this.#inside.get(id) ?? 0
      // Few are: which pod each of the others is of is not worth finding out.
      const pod = inUse < limit * nearShare ? undefined : podOfContainer(id)
      if (pod !== undefined) found.push({ of: 'container', pod: ownText(pod), name: ownText(name), limit, inUse })
    }
    for (const [name, { limit, inUse = 0 }] of this.#others) {
      if (limit > 0 && name !== '/' && !`${path}/`.startsWith(`${name}/`))
        found.push({ of: 'unit', name, limit, inUse })
    }
    return nearest(found)
  }

  /** The ancestor of a cgroup with the least free: the kernel refuses a fork at whichever is full. */
  #above(path: string): CadvisorThreads['above'] {
    let tightest: CadvisorThreads['above']
    const segments = path.split('/')
    for (let depth = 1; depth < segments.length; depth++) {
      const id = segments.slice(0, depth).join('/') || '/'
      const { limit, inUse } = this.#others.get(id) ?? { limit: 0, inUse: undefined }
      if (limit === 0 || inUse === undefined) continue
      if (tightest === undefined || limit - inUse < tightest.limit - tightest.inUse) tightest = { id, limit, inUse }
    }
    return tightest
  }

  /** `data` holds whole lines. */
  #scan(data: Buffer): void {
    for (let at = data.indexOf(needle); at >= 0; at = data.indexOf(needle, at)) {
      const end = data.indexOf(newline, at)
      // Comments name the metric too, and `container_threads` may stand in the middle of another name or label.
      if (at === 0 || data[at - 1] === newline) {
        if (++this.#lines > mostLines) throw new MalformedText(`more than ${mostLines} lines of container_threads`)
        this.#readLine(data.toString('latin1', at + needle.length, end))
      }
      at = end
    }
  }

  /** `{id="…",…} 510 1795258523898`, or the same after `_max`. */
  #readLine(line: string): void {
    const isLimit = line.startsWith(maxSuffix)
    const open = isLimit ? maxSuffix.length : 0
    if (line[open] !== '{') return
    const labels = readLabels(line, open + 1)
    if (labels === undefined || labels.id === undefined) return
    const place = placeOfCgroup(labels.id)
    const [valueText, stampText] = line
      .slice(labels.end)
      .trim()
      .split(/[ \t]+/)
    const value = Number(valueText)
    if (valueText === undefined || valueText === '' || !Number.isFinite(value) || value < 0) return
    if (isLimit) this.#hasLimits = true
    // The CRI writes the largest number of 64 bits where cAdvisor writes 0.
    const known = isLimit && value > mostPids ? 0 : value
    // Every id of cAdvisor is a path.
    if (!labels.id.startsWith('/')) this.labelled.record(line, open + 1, labels.id, isLimit, known)
    else if (place === undefined) this.#recordOther(labels, labels.id, isLimit, known)
    else this.#record(place, isLimit, known, stampText === undefined ? undefined : Number(stampText))
  }

  #recordOther({ container }: Labels, id: string, isLimit: boolean, value: number): void {
    const uid = podOfMisplaced(id)
    if (uid !== undefined) {
      if (!isLimit) this.#misplaced.set(ownText(uid), (this.#misplaced.get(uid) ?? 0) + value)
      return
    }
    if (id.includes('kubepods')) {
      if (!isLimit) this.#inside.set(id, value)
      else if (value > 0) this.#containerLimits.set(id, { name: container ?? '', limit: value })
      return
    }
    if (this.#others.size >= mostOthers && !this.#others.has(id)) return
    const held = this.#others.get(id) ?? { limit: 0, inUse: undefined }
    this.#others.set(ownText(id), isLimit ? { ...held, limit: value } : { ...held, inUse: value })
  }

  #record(place: CgroupPlace, isLimit: boolean, value: number, stamp: Millis | undefined): void {
    const root = this.#rootOf(place)
    if (place.pod !== undefined) {
      if (!isLimit) root.pods.set(ownText(place.pod), value)
      // 0 means no limit, which is no entry.
      else if (value > 0) root.podLimits.set(ownText(place.pod), value)
      return
    }
    if (isLimit) root.limit = value === 0 ? Number.POSITIVE_INFINITY : value
    else root.inUse = value
    if (stamp !== undefined && Number.isFinite(stamp)) root.sampledAt = Math.min(stamp, root.sampledAt ?? stamp)
  }

  #rootOf({ root, depth }: CgroupPlace): Root {
    const held = this.#roots.get(root)
    if (held !== undefined) return held
    const made: Root = {
      path: ownText(root),
      depth,
      limit: undefined,
      inUse: undefined,
      sampledAt: undefined,
      pods: new Map(),
      podLimits: new Map()
    }
    this.#roots.set(root, made)
    return made
  }
}

function sumOf(counts: ReadonlyMap<string, Pids>): Pids {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}

/** The text by itself: V8 cuts it out of the line by reference, and would hold the whole line as long as the uid. */
function ownText(part: string): string {
  return Buffer.from(part, 'latin1').toString('latin1')
}
