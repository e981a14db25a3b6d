import type { Check, Level } from '../check.ts'
import type { InstallationFacts, RegisteredWebhook } from '../read-installation.ts'
import { type NeededWorkload, partsOf, placeOfRegistry, serviceNamespaceOf } from './needed-workloads.ts'
import { type Labels, leaveOut, matches } from './selection.ts'

/** Most workloads of one namespace in one line. Own choice. */
const mostNamed = 5

/**
 * Registries and autoscalers for which the API server waits for us, or would under strict: after all nodes were lost, ours could not
 * come back before them. `namespaces`: those that the webhook selects.
 */
export function neededChecks(
  webhook: RegisteredWebhook,
  namespaces: readonly string[],
  labels: ReadonlyMap<string, Labels>,
  { needed, deployment }: Pick<InstallationFacts, 'needed' | 'deployment'>,
  isWaited: boolean
): Check[] {
  const [{ image } = {}] = deployment?.spec.template.spec.containers ?? []
  const host = image === undefined ? undefined : partsOf(image).host
  const waiting = needed.filter(
    (each) => namespaces.includes(each.namespace) && matches(webhook.objectSelector, each.labels)
  )
  const checkOf = (namespace: string, level: Level, who: string, why: string): Check => ({
    about: webhook.name,
    level: isWaited ? level : 'info',
    found: isWaited
      ? `${who} wait for pidguard: ${why}`
      : `${who} would wait for pidguard under the overlay strict: ${why}`,
    remedy: leaveOut(webhook, [namespace], labels)
  })
  const own = host === undefined ? undefined : serviceNamespaceOf(host)
  const serving =
    own === undefined || !namespaces.includes(own)
      ? []
      : [checkOf(own, 'error', `pods of ${own}, from where its image comes (${host}),`, alone)]
  const rest = Map.groupBy(
    waiting.filter(({ need, namespace }) => need !== 'registry' || namespace !== own),
    ({ need, namespace }) => `${need} ${namespace}`
  )
  return [
    ...serving,
    ...[...rest.values()].map((group): Check => {
      const { need, namespace } = group[0] as NeededWorkload
      const names = namesOf(group)
      if (need === 'autoscaler') return checkOf(namespace, 'error', `pods of ${names}, which make nodes,`, alone)
      const place = host === undefined ? 'unknown' : placeOfRegistry(host)
      const level = ({ cluster: 'error', unknown: 'warn', public: 'info' } as const)[place]
      const why =
        place === 'cluster'
          ? alone
          : `if nodes pull its image${host === undefined ? '' : ` (${host})`} from there, ${alone}`
      return checkOf(namespace, level, `pods of ${names}, which serve images,`, why)
    })
  ]
}

const alone = 'neither could come back alone'

function namesOf(group: readonly NeededWorkload[]): string {
  const names = group.slice(0, mostNamed).map(({ namespace, name }) => `${namespace}/${name}`)
  return group.length > mostNamed ? `${names.join(', ')} and ${group.length - mostNamed} more` : names.join(', ')
}
