import { until, untilIs } from '../e2e/support/wait.ts'
import { pidMax } from './kernel.ts'
import { ceiling, crowd, floor, type GuardedScene } from './scene.ts'
import { besideThreads } from './workloads.ts'

/** With pidguard: the same Deployment, on the same node. */
export async function playGuarded(scene: GuardedScene): Promise<void> {
  const { story, kubepods, workloads } = scene
  story.chapter('With pidguard')
  await scene.run(1)
  // It has been counting every 10 to 15 s: until then it shows the tasks of the pods that are gone.
  const isRoom = async () => (await workloads.create(workloads.pod('large', 900), '--dry-run=server')).code === 0
  await until('a node that is seen as empty', isRoom, 300_000)
  story.say('pidguard runs, and has read the kubelet')
  const refusedBefore = kubepods.refusals

  const resident = await workloads.create(workloads.deployment('resident', 1, crowd.threads))
  story.holds(
    `a Deployment of one such pod is admitted${resident.code === 0 ? '' : `: ${resident.stderr}`}`,
    resident.code === 0
  )
  await workloads.untilReady('resident', 1)
  const [before] = await workloads.pods('resident')
  story.say(`it runs; kubepods holds ${kubepods.inUse} tasks of ${kubepods.limit}`)
  const tasks = crowd.threads + besideThreads
  const top = await until(
    'the kubelet to notice the pod, and whose tasks they are',
    async () => {
      const table = await scene.top()
      const { stderr } = await workloads.create(workloads.pod('large', 900), '--dry-run=server')
      const isSeen = new RegExp(` ${tasks}/${ceiling} +\\d+% +${tasks} `).test(table)
      return isSeen && stderr.includes(`committed ${tasks}, in use ${tasks}`) && table
    },
    300_000
  )
  story.say('the kubelet has noticed (it looks every 10 to 15 s; in between a pod counts as what it declares):')
  story.quote(top)

  const same = await workloads.create(workloads.deployment(crowd.name, crowd.pods, crowd.threads))
  story.say(`kubectl create: the incident's Deployment, ${crowd.pods} pods of ${crowd.threads} threads`)
  story.quote(same.stderr)
  story.holds('it is stopped at admission', same.code !== 0 && same.stderr.includes('denied the request'))
  story.holds(
    `the message names the ceiling, kubepods, and its limit ${ceiling}`,
    /under kubepods: limit 1500, floor 150/.test(same.stderr)
  )

  const large = await workloads.create(workloads.pod('large', 900))
  story.say('kubectl create: a pod of 900 threads')
  story.quote(large.stderr)
  story.holds('a pod that does not fit is stopped too', large.stderr.includes('pid-headroom'))
  const small = await workloads.create(workloads.pod('small', 300))
  story.say(`kubectl create: a pod of 300 threads${small.code === 0 ? '' : `: ${small.stderr}`}`)
  await workloads.untilReady('small', 1)
  story.holds('a pod that fits is admitted, and runs', small.code === 0)

  const [after] = await workloads.pods('resident')
  story.quote(await workloads.list())
  story.holds(
    'the pod that ran before is the same, and was not restarted',
    after?.uid === before?.uid && after?.restarts === 0 && after.isReady
  )
  story.holds('the kernel has refused no fork since', kubepods.refusals === refusedBefore)

  await workloads.clear()
  story.say('everything deleted')
  await until('headroom', isRoom, 300_000)
  const again = await workloads.create(workloads.pod('large', 900))
  story.holds('headroom returns: the pod of 900 threads is admitted now', again.code === 0)
  await workloads.untilReady('large', 1)
  story.say(`it runs; kubepods holds ${kubepods.inUse} tasks of ${kubepods.limit}`)
  await workloads.clear()
}

/** Incident 000: pid_max was raised and kubepods was not. Which of both decides? */
export async function playCeilings(scene: GuardedScene): Promise<void> {
  const { story, kubepods, workloads } = scene
  story.chapter('The lower of two ceilings decides')
  const needed = crowd.pods * (crowd.threads + besideThreads)
  const tryIt = () => workloads.create(workloads.deployment(crowd.name, crowd.pods, crowd.threads), '--dry-run=server')
  story.say(
    `the Deployment needs ${needed} tasks; the node has ${pidMax()}, kubepods ${ceiling} less a floor of ${floor}`
  )
  const low = await tryIt()
  story.holds('with the low kubepods it is refused, and kubepods is named', /under kubepods/.test(low.stderr))
  kubepods.limit = 16_384
  story.say(`kubepods/pids.max goes from ${ceiling} to 16384, still below pid_max`)
  await untilIs('the new ceiling', async () => (await tryIt()).code, 0)
  story.holds('with a high one the same Deployment is admitted', true)
  kubepods.limit = ceiling
  await until('the old ceiling', async () => (await tryIt()).code !== 0)
  story.holds('lowered again, it is refused again, without a restart of anything', true)
}
