import { count, freeAsShown, isFalseDenial } from './census.ts'
import { Cluster, nodeCount, type Scenario } from './cluster.ts'
import { Controllers } from './controllers.ts'
import type { Figures } from './figures.ts'
import { People } from './people.ts'
import { Scheduler } from './scheduler.ts'

/** The life of one cluster. The same scenario always comes to the same figures. */
export function simulate(scenario: Scenario): Figures {
  const cluster = new Cluster(scenario)
  const { queue, figures } = cluster
  for (let made = 0; made < nodeCount; made++) cluster.addNode()
  const controllers = new Controllers(cluster, new Scheduler(cluster))
  controllers.onDenial = (workload) => {
    if (!isFalseDenial(cluster, workload)) return
    figures.falseDenials++
    if (isFalseDenial(cluster, workload, (node) => freeAsShown(cluster, node))) figures.shownDenials++
  }
  const people = new People(cluster, controllers)
  const look = (): void => {
    count(cluster)
    queue.after(1_000, look)
  }
  queue.after(5_000, look)
  queue.runUntil(cluster.end * 0.85)
  people.rest()
  queue.runUntil(cluster.end)
  return figures
}
