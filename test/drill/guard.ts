import { until, untilIs } from '../e2e/support/wait.ts'
import { ceiling, floor, type Scene } from './scene.ts'
import { besideThreads } from './workloads.ts'

const threads = 60
const each = threads + besideThreads

/** The component guard: one writer decides on new pods and on bindings, and the controller taints a full node. */
export async function playGuard({ story, plane, kubepods, workloads, node }: Scene): Promise<void> {
  const refusedBefore = kubepods.refusals
  const room = Math.floor((ceiling - floor) / each)
  const some = Math.floor(room / 2)
  story.say(`each pod needs ${each} tasks; there is room for ${room}`)
  for (const [name, count] of [
    ['first', some],
    ['second', room - some]
  ] as const) {
    const deployment = workloads.deployment(name, count, threads)
    // What went before may have left tasks in the kubelet's last sample, which is up to 15 s old.
    await until(
      `room for ${name}`,
      async () => (await workloads.create(deployment, '--dry-run=server')).code === 0,
      300_000
    )
    const { code, stderr } = await workloads.create(deployment)
    story.holds(`a Deployment of ${count} is admitted`, code === 0)
    story.quote(stderr)
    await workloads.untilReady(name, count)
  }
  const scale = (name: string, count: number) =>
    plane.kubectl.run(['scale', `deployment/${name}`, `--replicas=${count}`, `--namespace=${workloads.namespace}`])
  const denied = await scale('second', room)
  story.say(`the node is full; kubectl scale: the second to ${room}`)
  story.quote(denied.stderr)
  story.holds('it is denied, and says for how many there is room', /pid-headroom: no room for/.test(denied.stderr))
  const tainted = () =>
    plane.kubectl.ok(['get', 'node', node.name, '--output=jsonpath={.spec.taints[*].key}={.spec.taints[*].effect}'])
  story.holds(`the floor is untouched: ${kubepods.inUse} of ${ceiling - floor}`, kubepods.inUse <= ceiling - floor)
  story.holds('the kernel has refused no fork', kubepods.refusals === refusedBefore)

  await scale('first', 0)
  await until('room for the second', async () => (await scale('second', room)).code === 0, 300_000)
  await workloads.untilReady('second', room)
  story.say(`the first is scaled to 0, and the second to ${room}: all of it run`)
  story.holds(`the floor is untouched: ${kubepods.inUse} of ${ceiling - floor}`, kubepods.inUse <= ceiling - floor)
  story.holds('all that are on the node run, and nothing crashed', (await workloads.pods()).every(isSound))
  await workloads.clear()
  await until('the end of their tasks', () => kubepods.inUse < 50)
  await untilIs('a node without a taint of ours', async () => (await tainted()).includes('pidguard.io'), false)
  story.holds('no taint is left', true)
  story.holds('the kernel has refused no fork', kubepods.refusals === refusedBefore)
}

function isSound({ restarts, isReady }: { restarts: number; isReady: boolean }): boolean {
  return restarts === 0 && isReady
}
