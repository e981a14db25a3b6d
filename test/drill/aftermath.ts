import { until, untilIs } from '../e2e/support/wait.ts'
import { ceiling, floor, type GuardedScene } from './scene.ts'
import { besideThreads } from './workloads.ts'

const steady = 300
const leaked = 1_100
const fixed = 50
/** Seconds. An outlier's figure would keep a pod out for a day; a controller that was denied tries again within a minute or two. */
const soon = 600

/** Incident 003: a pod without a declared figure leaks, is deleted, comes back, and then its image is fixed. */
export async function playAftermath({ story, plane, kubepods, workloads }: GuardedScene): Promise<void> {
  story.chapter('A leak, and what comes after it')
  const refusedBefore = kubepods.refusals
  await workloads.create(workloads.pod('steady', steady))
  await workloads.untilReady('steady', 1)
  const leaky = await workloads.create(workloads.undeclared('leaky', leaked))
  story.holds('a Deployment that declares nothing is admitted', leaky.code === 0)
  story.quote(leaky.stderr)
  await workloads.untilReady('leaky', 1)
  story.say(`it leaks to ${leaked} threads; kubepods holds ${kubepods.inUse} of ${ceiling}, its floor is ${floor}`)
  const other = () => workloads.create(workloads.pod('other', 100), '--dry-run=server')
  const denied = await until('a denial', async () => {
    const { stderr } = await other()
    return stderr.includes('pid-headroom') && stderr
  })
  story.quote(denied)
  story.holds('no further pod is admitted, and the denial names the floor', /floor 150/.test(denied))

  const [before] = await workloads.pods('leaky')
  const from = performance.now()
  const seconds = (since: number): number => Math.round((performance.now() - since) / 1_000)
  await plane.kubectl.ok(['delete', 'pod', String(before?.name), `--namespace=${workloads.namespace}`])
  await until('its replacement', async () =>
    (await workloads.pods('leaky')).some(({ uid, isReady }) => uid !== before?.uid && isReady)
  )
  const back = seconds(from)
  story.holds(`deleted, as the advice says, its replacement runs after ${back} s`, back < soon)

  const fixedFrom = performance.now()
  await workloads.apply(workloads.undeclared('leaky', fixed))
  await untilIs('the tasks of the fixed pod', () => kubepods.inUse, steady + fixed + 2 * besideThreads)
  const repaired = seconds(fixedFrom)
  story.holds(`the fixed image runs after ${repaired} s`, repaired < soon)
  await untilIs('room', async () => (await other()).code, 0)
  story.holds('and further pods are admitted', true)
  story.holds('the kernel has refused no fork', kubepods.refusals === refusedBefore)
  await workloads.clear()
  await until('the end of their tasks', () => kubepods.inUse < 50)
}
