import { until } from '../e2e/support/wait.ts'
import { pidMax } from './kernel.ts'
import { ceiling, crowd, type Scene } from './scene.ts'

/** Without pidguard: what happened on the node that night. */
export async function playIncident({ story, kubepods, workloads }: Scene): Promise<void> {
  story.chapter('Without pidguard')
  const before = kubepods.limit
  kubepods.limit = ceiling
  story.say(`kernel.pid_max is ${pidMax()}; kubepods/pids.max goes from ${before} to ${ceiling}`)
  const { code } = await workloads.create(workloads.deployment(crowd.name, crowd.pods, crowd.threads))
  story.say(
    `kubectl create: Deployment ${crowd.name}, ${crowd.pods} pods of ${crowd.threads} threads: exit code ${code}`
  )
  story.holds('the API server takes it as it is', code === 0)
  await until(
    'pods that crash, and crash again',
    async () => (await workloads.pods(crowd.name)).some(({ restarts }) => restarts >= 2),
    300_000
  )
  story.say(`kubepods holds ${kubepods.inUse} tasks of ${kubepods.limit}`)
  story.quote(await workloads.list())
  const refused = workloads.logs().filter((line) => line.includes('refused'))
  story.quote(refused.slice(0, 2).join('\n'))
  const said = kubepods.kernelLog
  if (said.length > 0) story.quote(said.slice(0, 2).join('\n'))
  else story.say('the kernel log cannot be read here')
  // Those that run may have crashed before, for want of what another held then.
  const running = await until('some pods that run, and some that do not', async () => {
    const count = (await workloads.pods(crowd.name)).filter(({ isReady }) => isReady).length
    return count > 0 && count < crowd.pods && count
  })
  story.holds(`${running} of ${crowd.pods} pods run, the others crash`, true)
  story.holds(
    'their threads were refused by the kernel',
    refused.some((line) => /thread \d+ of 500 refused/.test(line))
  )
  story.holds(`the kernel counts forks that it refused: ${kubepods.refusals}`, kubepods.refusals > 0)
  await workloads.clear()
  await until('the end of their tasks', () => kubepods.inUse < 50)
  story.say(`deleted; kubepods holds ${kubepods.inUse} tasks again`)
}
