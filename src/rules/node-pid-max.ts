// Reads: the ceiling of a node, min(pid_max, threads-max) or the pids.max of a cgroup above kubepods, and its memory.  Fine: at least spec.audit.pidMax.
import { defineRule } from '../engine/rule.ts'
import { lackOfLimit } from '../headroom/node-ceilings.ts'
import { parseQuantity } from '../kubernetes/qos/quantity.ts'
import type { Subject } from '../kubernetes/subject.ts'
import { node } from '../kubernetes/workloads.ts'
import { isRecord, textOf } from '../lib/json/shape.ts'
import type { NodeState } from '../model/node-reading.ts'

export const nodePidMax = defineRule<Subject, 'node'>({
  id: 'node-pid-max',
  title: 'PIDs a node allows',
  why: 'The kernel gives out at most kernel.pid_max task ids (32768 by default) and at most kernel.threads-max threads. At that number nothing on the node can start a process, not even the shell to fix it with.',
  remedy:
    'Raise the smaller of kernel.pid_max and kernel.threads-max by a file in /etc/sysctl.d, then restart the kubelet. Raising the other changes nothing. Where a cgroup above kubepods is the limit, raise its pids.max, or the limit of the container runtime that made it (docker and podman: --pids-limit). Without the restart kubepods keeps the old limit: see node-kubepods-drift.',
  limits:
    'It knows the smaller of the two only, as the kubelet reports it, and takes it for kernel.threads-max where it is what the kernel makes of the memory of the node. fs.file-max and ulimit have nothing to do with it.',
  defaultMode: 'audit',
  scope: 'cluster',
  kinds: [node],
  requiredFacts: ['node'],
  reads: () => [],
  check(subject, { settings, node: state }) {
    const limit = state.reading?.host.limit
    const { pidMax } = settings.audit
    if (limit === undefined || limit >= pidMax) return []
    const lever = leverOf(state, limit, subject)
    const detail = `${lever?.name ?? 'the node'} allows ${limit} tasks, the policy asks for ${pidMax}`
    const found = { pointer: '/status/capacity/pid', reason: 'the node allows few PIDs', detail, weight: -limit }
    return [lever === undefined ? found : { ...found, remedy: lever.remedy }]
  },
  missingFact: (_subject, { node: state }) => lackOfLimit(state, ['node'])
})

/** What has to be raised. */
interface Lever {
  readonly name: string
  readonly remedy: string
}

const raisePidMax =
  'Raise kernel.pid_max by a file in /etc/sysctl.d, then restart the kubelet. Leave kernel.threads-max alone: by the memory of the node, threads-max is higher already. Without the restart kubepods keeps the old limit: see node-kubepods-drift.'

/** undefined: not known. */
function leverOf({ reading }: NodeState, limit: number, subject: Subject): Lever | undefined {
  const cgroup = reading?.hostCgroup
  if (cgroup !== undefined) {
    return {
      name: `pids.max of the cgroup ${cgroup} above kubepods`,
      remedy: `Raise pids.max of the cgroup ${cgroup} that kubepods is in: the limit of the container runtime or unit that made it (docker, podman: --pids-limit; systemd: TasksMax). Raising a sysctl changes nothing.`
    }
  }
  const threads = defaultThreadsMax(subject)
  if (threads === undefined) return undefined
  if (Math.abs(limit - threads) <= threads * tolerance) {
    return {
      name: 'kernel.threads-max (1 for each 128 KiB of memory)',
      remedy:
        'Raise kernel.threads-max by a file in /etc/sysctl.d, then restart the kubelet. Raising kernel.pid_max changes nothing: kernel.pid_max is higher already. Without the restart kubepods keeps the old limit: see node-kubepods-drift.'
    }
  }
  // The kernel's own threads-max is higher. It is raised by hand more often than lowered.
  if (limit < threads) return { name: 'kernel.pid_max', remedy: raisePidMax }
  return undefined
}

/** Bytes of memory for each thread of the default kernel.threads-max (Linux kernel/fork.c, set_max_threads: 8 stacks). */
const memoryPerThread = 128 * 1024
/** The kernel counts its own image as well, and a node reports a little less memory than it counts by. Own choice. */
const tolerance = 0.02

/** What the kernel makes of the memory of the node; undefined: its memory is not known. */
function defaultThreadsMax({ object }: Subject): number | undefined {
  const status = isRecord(object['status']) ? object['status'] : {}
  const capacity = isRecord(status['capacity']) ? status['capacity'] : {}
  const memory = parseQuantity(textOf(capacity['memory']))
  return memory === undefined ? undefined : Number(memory / 1_000_000_000n) / memoryPerThread
}
