import {
  backendName,
  calicoNodeImage,
  felixCommand,
  felixContainer,
  imageHint,
  labelHint,
  podMakers
} from '../../kubernetes/calico/felix.ts'
import type { Cel, Variable } from '../cel.ts'
import { literal, pattern } from '../cel.ts'
import { type Condition, controllers } from '../parts.ts'

/** Where an object keeps what tells whether it runs Felix: its pod spec, the pod's metadata, and its own. */
interface Place {
  readonly spec: Cel
  readonly meta: Cel
  readonly own: Cel
}

const containers = (spec: Cel): Cel => `${spec}.?containers.orValue([])`
const hasFelixVariable = 'c.?env.orValue([]).exists(e, e.name.lowerAscii().startsWith("felix_"))'

/** See `felixIn` in kubernetes/calico/felix.ts. */
function runsFelix({ spec, meta, own }: Place): Cel {
  const app = `${meta}.?labels[?"k8s-app"].orValue(${own}.?labels[?"k8s-app"].orValue(""))`
  return `${isNotWindows(spec)}
&& ${containers(spec)}.exists(c, c.name == ${literal(felixContainer)}
&& (${app}.matches(${pattern(labelHint)})
|| c.?image.orValue("").matches(${pattern(imageHint)})
|| ${hasFelixVariable}))`
}

/** Felix in a container of another name; see `otherFelixOf`. Ask only where `runsFelix` says no. */
function otherFelix(spec: Cel): Cel {
  return `${isNotWindows(spec)} ? ${containers(spec)}.filter(c, ${hasFelixVariable}
|| (c.?command.orValue([]) + c.?args.orValue([])).exists(word, word.matches(${pattern(felixCommand)}))
|| c.?image.orValue("").matches(${pattern(calicoNodeImage)})) : []`
}

function isNotWindows(spec: Cel): Cel {
  return `${spec}.?nodeSelector[?"kubernetes.io/os"].orValue("") != "windows"`
}

/** A pod of Calico itself, which rules for pods only warn about: see `runsFelix` of the engine. */
export const isCalicosOwnPod: Cel = `variables.spec.?hostNetwork.orValue(false)
&& (request.kind.kind == "DaemonSet" || (request.kind.kind == "Pod"
&& ${controllers('object.metadata')}.exists(o, o.kind == "DaemonSet")
&& (request.operation != "CREATE" || request.userInfo.username.matches(${pattern(podMakers)}))))
&& ${runsFelix({ spec: 'variables.spec', meta: 'variables.meta', own: 'object.metadata' })}`

/** Hold wherever `isCalicosOwnPod` does, of Pods. */
export const calicosOwnPodConditions: readonly Condition[] = [
  { name: 'is-on-the-host-network', expression: 'object.spec.?hostNetwork.orValue(false) == true' }
]

const now: Place = {
  spec: 'object.spec.template.spec',
  meta: 'object.spec.template.?metadata.orValue({})',
  own: 'object.metadata'
}
const before: Place = {
  spec: 'oldObject.spec.template.spec',
  meta: 'oldObject.spec.template.?metadata.orValue({})',
  own: 'oldObject.metadata'
}

/** What both rules for Calico read of a DaemonSet. */
export const felixVariables: readonly Variable[] = [
  { name: 'isFelix', expression: runsFelix(now) },
  { name: 'wasFelix', expression: `oldObject != null && ${runsFelix(before)}` },
  { name: 'isSameTemplate', expression: 'oldObject != null && object.spec.template == oldObject.spec.template' },
  {
    name: 'isOperators',
    expression: `${controllers('object.metadata')}.exists(o, o.kind == "Installation" && o.apiVersion.startsWith("operator.tigera.io/"))`
  },
  {
    name: 'index',
    expression: `${now.spec}.containers.map(c, c.name).indexOf(${literal(felixContainer)})`
  },
  { name: 'container', expression: `${now.spec}.containers[variables.index]` },
  { name: 'env', expression: 'variables.container.?env.orValue([])' },
  { name: 'isSpelling', expression: `variables.env.map(e, e.name.lowerAscii() == ${literal(backendName)})` },
  { name: 'spellings', expression: `variables.env.filter(e, e.name.lowerAscii() == ${literal(backendName)})` }
]

/** Whether the DaemonSet ran Felix under any name before. */
export const wasSomeFelix: Variable = {
  name: 'wasSomeFelix',
  expression: `variables.wasFelix || (oldObject != null && size(${otherFelix(before.spec)}) > 0)`
}

/** The containers that run Felix under another name; empty where one of its own name does. */
export const otherFelixVariable: Variable = {
  name: 'others',
  expression: `variables.isFelix ? [] : (${otherFelix(now.spec)})`
}
