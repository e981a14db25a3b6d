import { until, untilIs } from '../e2e/support/wait.ts'
import { crowd, type Scene } from './scene.ts'

/** The component scheduler: the incident's Deployment once more. Two of its pods wait, and start when there is room. */
export async function playScheduled({ story, plane, kubepods, workloads }: Scene): Promise<void> {
  const refusedBefore = kubepods.refusals
  await until('requests of PIDs for new pods', async () => {
    const { stdout } = await workloads.create(workloads.pod('try', 1), '--dry-run=server', '--output=json')
    return /"requests": \{[^}]*"pidguard.io\/pids": "3"/.test(stdout)
  })
  const ready = async () => (await workloads.pods(crowd.name)).filter(({ isReady }) => isReady)
  const made = await workloads.create(workloads.deployment(crowd.name, crowd.pods, crowd.threads))
  story.holds("the incident's Deployment is admitted whole", made.code === 0)
  story.quote(made.stderr)
  await untilIs('two that run', async () => (await ready()).length, 2)
  const events = ['get', 'events', `--namespace=${workloads.namespace}`, '--field-selector=reason=FailedScheduling']
  const waiting = await until('why the others wait', async () => {
    const text = await plane.kubectl.ok([...events, '--output=jsonpath={range .items[*]}{.message}{"\\n"}{end}'])
    return text.split('\n').find((line) => line.includes('Insufficient pidguard.io/pids'))
  })
  story.quote(await workloads.list())
  story.quote(waiting)
  story.holds('two run, and two wait for PIDs', (await ready()).length === 2)
  const [first] = await ready()
  await plane.kubectl.ok(['delete', 'pod', String(first?.name), `--namespace=${workloads.namespace}`])
  await until('another in its place', async () => {
    const now = await ready()
    return now.length === 2 && now.every(({ uid }) => uid !== first?.uid)
  })
  story.holds('where one ends, one that waits starts', true)
  story.holds('the kernel has refused no fork', kubepods.refusals === refusedBefore)
  await workloads.clear()
  await until('the end of their tasks', () => kubepods.inUse < 50)
}
