import { until } from '../e2e/support/wait.ts'
import { ceiling, floor, type GuardedScene } from './scene.ts'
import { besideThreads } from './workloads.ts'

const burst = 50
const threads = 60
const each = threads + besideThreads
/** Milliseconds. The scheduler tries a pod again after 10 s at the latest. */
const settled = 15_000
const longest = 600_000

/** Fifty pods created at once, faster than any reading can show them. */
export async function playBurst(scene: GuardedScene): Promise<void> {
  const { story, plane, kubepods, workloads, replicas } = scene
  story.chapter(`${burst} pods at once, ${replicas.length === 1 ? 'one replica' : `${replicas.length} replicas`}`)
  const room = Math.floor((ceiling - floor - kubepods.inUse) / each)
  story.say(`each needs ${each} tasks; above the floor there is room for ${room}`)
  // A kubelet counts every 10 to 15 s: until then replicas that have just started count tasks that have ended.
  await until('a node that is seen as empty', async () => {
    const all = workloads.pod('all', room * each - besideThreads)
    return (await workloads.create(all, '--dry-run=server')).code === 0
  })
  const refusedBefore = kubepods.refusals
  const path = `/api/v1/namespaces/${workloads.namespace}/pods`
  const send = (query = '') =>
    Promise.all(
      Array.from({ length: burst }, (_, i) => plane.api.post(`${path}${query}`, workloads.pod(`burst-${i}`, threads)))
    )
  // Dry runs of it first: the API server then has connections to all replicas, and the burst goes to all of them.
  await until('a dry run that asks every replica', async () => {
    const before = await reviewsOf(scene)
    await send('?dryRun=All')
    return (await reviewsSince(scene, before)).every((count) => count > 0)
  })
  const before = await reviewsOf(scene)
  const answers = await send()
  const asked = await reviewsSince(scene, before)
  const admitted = answers.filter(({ status }) => status === 201).length
  const denied = answers.filter(({ body }) => body.message?.includes('pid-headroom')).length
  story.say(`${admitted} admitted, ${denied} denied for want of PIDs; reviews by replica: ${asked.join(', ')}`)
  story.holds('every pod was either admitted or denied for its PIDs', admitted + denied === burst)
  const bound = await untilSettled(scene)
  const committed = bound * each
  const running = (await workloads.pods()).filter(({ isReady }) => isReady).length
  story.say(`${bound} of them on the node, ${running} running; kubepods holds ${kubepods.inUse} tasks of ${ceiling}`)
  // Each replica knows at once what it admitted itself, and of the others what the API server has shown. It sets room
  // aside for what they may admit meanwhile, but for a pod or two that each of them may find to fit in the same instant.
  const others = replicas.length - 1
  if (others > 0)
    story.holds(
      'every replica was asked',
      asked.every((count) => count > 0)
    )
  const most = others === 0 ? `${room}` : `${room}, and two more for each of the other replicas`
  story.holds(`no more are admitted than ${most}: ${admitted}`, admitted <= room + 2 * others)
  story.holds(
    `the room is used: at least ${others === 0 ? `${room}` : 'half of it'}: ${admitted}`,
    admitted >= (others === 0 ? room : room / 2)
  )
  const left = others === 0 ? ceiling - floor : ceiling
  story.holds(
    `${others === 0 ? 'the floor is' : 'the ceiling is'} untouched: ${committed} of ${left}`,
    committed <= left
  )
  story.holds(
    'all that are on the node run, and nothing crashed',
    running === bound && (await workloads.pods()).every(({ restarts }) => restarts === 0)
  )
  story.holds('the kernel has refused no fork', kubepods.refusals === refusedBefore)
  await workloads.clear()
  await until('the end of their tasks', () => kubepods.inUse < 50)
}

function reviewsOf({ replicas }: GuardedScene): Promise<number[]> {
  return Promise.all(replicas.map(async (replica) => (await replica.metric('pidguard_reviews_total')) ?? 0))
}

async function reviewsSince(scene: GuardedScene, before: readonly number[]): Promise<number[]> {
  return (await reviewsOf(scene)).map((count, i) => count - (before[i] ?? 0))
}

/**
 * Returns how many pods are on the node once all of them run and nothing changes any more: those that were refused there
 * are tried again, and a busy machine starts no container for a while. A node that does not come to rest is told by the
 * claims about it.
 */
async function untilSettled({ workloads }: GuardedScene): Promise<number> {
  const from = performance.now()
  let before = ''
  let since = from
  return until(
    'a settled node',
    async () => {
      const pods = await workloads.pods()
      const now = JSON.stringify(pods)
      if (now !== before) [before, since] = [now, performance.now()]
      const bound = pods.filter(({ isBound }) => isBound)
      const isAtRest = performance.now() - since > settled && bound.every(({ isReady }) => isReady)
      return isAtRest || performance.now() - from > longest ? [bound.length] : undefined
    },
    2 * longest
  ).then(([bound = 0]) => bound)
}
