import { requiredAffinityOf } from '../kubernetes/placement/node-affinity.ts'
import type { PodGroup } from '../kubernetes/pods/pod-groups.ts'
import { readPodSpec } from '../kubernetes/pods/pod-shape.ts'
import { maxPids } from '../kubernetes/qos/pids-limit.ts'
import type { PodSpec } from '../kubernetes/types.ts'
import { isRecord, type JsonRecord } from '../lib/json/shape.ts'
import type { Bytes, Pids } from '../lib/units.ts'
import type { WorkloadName } from '../model/cluster-objects.ts'

/** A pod that was just admitted, and counts before the API server has shown it. */
export interface AdmittedPod {
  readonly uid: string
  readonly namespace: string
  readonly workload: WorkloadName
  readonly pids: Pids
  /** Read for its placement alone. */
  readonly podSpec: PodSpec
  readonly group?: PodGroup | undefined
}

/** A pod that was just allowed to be bound to the node. */
export interface BoundPod {
  readonly uid: string
  readonly node: string
}

/** What one process has just counted, as it says it to another. It may be missed, come twice or come late. */
export type Reservation = { readonly admitted: AdmittedPod } | { readonly bound: BoundPod }

/** Hears of what the ledger has counted and believes. */
export interface ReservationSink {
  /** Whether anybody listens; where not, nothing is to be put together. */
  readonly isHeard: boolean
  add(reservation: Reservation): void
}

/** Bytes of a line: a placement of real pods has some hundred, and one that may be tested 48 KiB at most. */
export const longestLine: Bytes = 64 * 1024

/** Longest name of a Kubernetes object, and of a namespace, uid or kind (apimachinery DNS1123SubdomainMaxLength). */
const longestName = 253

/** Longest key of a group: the API group of its scheduler, a namespace and a name. */
const longestKey = 3 * (longestName + 1)

/** The reservation as a line of JSON without its end; undefined where it would be longer than `longestLine`: a watch will show that pod. */
export function reservationLine(reservation: Reservation): string | undefined {
  const text = JSON.stringify(
    'bound' in reservation
      ? reservation
      : { admitted: { ...reservation.admitted, podSpec: placingPart(reservation.admitted.podSpec) } }
  )
  return Buffer.byteLength(text) > longestLine ? undefined : text
}

/** What `Placements` reads of a pod spec, and nothing else. */
function placingPart(podSpec: PodSpec): object {
  const { nodeName, nodeSelector, tolerations, os } = podSpec
  const required = requiredAffinityOf(podSpec)
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required }
  return {
    nodeName,
    nodeSelector,
    tolerations,
    ...(required === undefined ? undefined : { affinity: { nodeAffinity } }),
    ...(os?.name === undefined ? undefined : { os: { name: os.name } })
  }
}

/** The reservation that a line says; undefined for anything else. Never throws. */
export function readReservation(text: string): Reservation | undefined {
  try {
    const line: unknown = JSON.parse(text)
    if (!isRecord(line)) return undefined
    const { admitted, bound } = line
    if (isRecord(admitted)) return readAdmitted(admitted)
    return isRecord(bound) ? readBound(bound) : undefined
  } catch {
    // Not JSON, or a pod spec of another shape.
    return undefined
  }
}

function readBound({ uid, node }: JsonRecord): Reservation | undefined {
  return isName(uid) && isName(node) ? { bound: { uid, node } } : undefined
}

function readAdmitted(admitted: JsonRecord): Reservation | undefined {
  const { uid, namespace, workload, pids, group } = admitted
  if (!isName(uid) || !isName(namespace) || !isPids(pids) || !isRecord(workload)) return undefined
  const { kind, name } = workload
  if (!isName(kind) || !isText(name) || !isRecord(admitted['podSpec'])) return undefined
  const podSpec = readPodSpec(admitted['podSpec'], '/podSpec')
  if (!isText(podSpec.nodeName ?? '')) return undefined
  const held = { uid, namespace, workload: { kind, name }, pids, podSpec }
  if (group === undefined) return { admitted: held }
  const read = readGroup(group)
  return read === undefined ? undefined : { admitted: { ...held, group: read } }
}

function readGroup(value: unknown): PodGroup | undefined {
  if (!isRecord(value)) return undefined
  const { key, size, startsWhole } = value
  if (typeof key !== 'string' || key === '' || key.length > longestKey || typeof startsWhole !== 'boolean')
    return undefined
  if (size !== undefined && !(Number.isSafeInteger(size) && Number(size) >= 1)) return undefined
  return { key, size: size === undefined ? undefined : Number(size), startsWhole }
}

function isPids(value: unknown): value is Pids {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= maxPids
}

/** A pod without a controller has a workload without a name. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestName
}

function isName(value: unknown): value is string {
  return isText(value) && value !== ''
}
