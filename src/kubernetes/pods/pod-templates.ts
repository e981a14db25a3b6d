import { escapeToken, tokensOf } from '../../lib/json/pointer.ts'
import { isRecord, type JsonRecord } from '../../lib/json/shape.ts'
import type { Container } from '../types.ts'
import type { GroupKind } from '../workloads.ts'

/** Where a kind that is not one of Kubernetes itself keeps pods. `*` in a pointer is every item or member. */
export interface TemplatePlace {
  /** Pointer to objects with `metadata` and `spec` of pods. */
  readonly template?: string
  /** Pointer to bare pod specs. */
  readonly podSpec?: string
  /** Pointer to the number of pods, where one number says it. */
  readonly replicas?: string
  /** Containers that the controller adds to each pod. */
  readonly adds?: readonly Container[]
}

/** One pod template of an object. */
export interface FoundTemplate {
  /** Pointer of the template, or of the pod spec where it has no template around it. */
  readonly at: string
  readonly isPodSpec: boolean
  readonly value: JsonRecord
  readonly replicas: unknown
  readonly adds: readonly Container[]
}

const plain: readonly TemplatePlace[] = [{ template: '/spec/template', replicas: '/spec/replicas' }]
const analysis: readonly TemplatePlace[] = [{ template: '/spec/metrics/*/provider/job/spec/template' }]
const replicaSpecs = (field: string): readonly TemplatePlace[] => [{ template: `/spec/${field}/*/template` }]
const ray = (at: string): readonly TemplatePlace[] => [
  { template: `${at}/headGroupSpec/template` },
  { template: `${at}/workerGroupSpecs/*/template` }
]

/** Knative adds it to each pod; its default request: config/core/configmaps/deployment.yaml of knative/serving. */
const queueProxy: readonly Container[] = [{ name: 'queue-proxy', resources: { requests: { cpu: '25m' } } }]
const knative: readonly TemplatePlace[] = [{ template: '/spec/template', adds: queueProxy }]

/** By group and kind; the pointers are those of the CRDs of each project. */
const places: Readonly<Record<GroupKind, readonly TemplatePlace[]>> = {
  '/PodTemplate': [{ template: '/template' }],
  'apps.openshift.io/DeploymentConfig': plain,
  'argoproj.io/Rollout': plain,
  'argoproj.io/Experiment': [{ template: '/spec/templates/*/template' }],
  'argoproj.io/AnalysisTemplate': analysis,
  'argoproj.io/ClusterAnalysisTemplate': analysis,
  'argoproj.io/AnalysisRun': analysis,
  'serving.knative.dev/Service': knative,
  'serving.knative.dev/Configuration': knative,
  'serving.knative.dev/Revision': [{ podSpec: '/spec', adds: queueProxy }],
  'apps.kruise.io/CloneSet': plain,
  'apps.kruise.io/StatefulSet': plain,
  'apps.kruise.io/DaemonSet': [{ template: '/spec/template' }],
  'apps.kruise.io/BroadcastJob': [{ template: '/spec/template' }],
  'apps.kruise.io/AdvancedCronJob': [
    { template: '/spec/template/jobTemplate/spec/template' },
    { template: '/spec/template/broadcastJobTemplate/spec/template' }
  ],
  'apps.kruise.io/UnitedDeployment': [{ template: '/spec/template/*/spec/template', replicas: '/spec/replicas' }],
  'jobset.x-k8s.io/JobSet': [{ template: '/spec/replicatedJobs/*/template/spec/template' }],
  'leaderworkerset.x-k8s.io/LeaderWorkerSet': [
    { template: '/spec/leaderWorkerTemplate/leaderTemplate' },
    { template: '/spec/leaderWorkerTemplate/workerTemplate' }
  ],
  'kubeflow.org/PyTorchJob': replicaSpecs('pytorchReplicaSpecs'),
  'kubeflow.org/TFJob': replicaSpecs('tfReplicaSpecs'),
  'kubeflow.org/MPIJob': replicaSpecs('mpiReplicaSpecs'),
  'kubeflow.org/XGBoostJob': replicaSpecs('xgbReplicaSpecs'),
  'kubeflow.org/PaddleJob': replicaSpecs('paddleReplicaSpecs'),
  'kubeflow.org/JAXJob': replicaSpecs('jaxReplicaSpecs'),
  'kubeflow.org/MXJob': replicaSpecs('mxReplicaSpecs'),
  'kubeflow.org/Notebook': [{ template: '/spec/template' }],
  'ray.io/RayCluster': ray('/spec'),
  'ray.io/RayJob': ray('/spec/rayClusterSpec'),
  'ray.io/RayService': ray('/spec/rayClusterConfig'),
  'serving.kserve.io/ServingRuntime': [{ podSpec: '/spec' }],
  'serving.kserve.io/ClusterServingRuntime': [{ podSpec: '/spec' }],
  'batch.volcano.sh/Job': [{ template: '/spec/tasks/*/template' }],
  'keda.sh/ScaledJob': [{ template: '/spec/jobTargetRef/template' }],
  'kueue.x-k8s.io/Workload': [{ template: '/spec/podSets/*/template' }]
}

/** Where objects of this kind keep pod templates; undefined: not known. Kinds of Kubernetes itself are in workloads.ts. */
export function templatePlacesOf(kind: GroupKind): readonly TemplatePlace[] | undefined {
  return Object.hasOwn(places, kind) ? places[kind] : undefined
}

/** The pod templates that the object holds at these places. */
export function templatesIn(object: JsonRecord, of: readonly TemplatePlace[]): FoundTemplate[] {
  return of.flatMap(({ template, podSpec, replicas, adds = [] }) =>
    matches(object, tokensOf(template ?? podSpec ?? ''), '').flatMap(({ at, value }) =>
      isRecord(value)
        ? [{ at, value, isPodSpec: template === undefined, adds, replicas: replicas && valueAt(object, replicas) }]
        : []
    )
  )
}

function matches(holder: unknown, tokens: readonly string[], at: string): { at: string; value: unknown }[] {
  const [token, ...rest] = tokens
  if (token === undefined) return [{ at, value: holder }]
  if (Array.isArray(holder)) return token === '*' ? holder.flatMap((item, i) => matches(item, rest, `${at}/${i}`)) : []
  if (!isRecord(holder)) return []
  if (token === '*') {
    return Object.entries(holder).flatMap(([key, inner]) => matches(inner, rest, `${at}/${escapeToken(key)}`))
  }
  return Object.hasOwn(holder, token) ? matches(holder[token], rest, `${at}/${escapeToken(token)}`) : []
}

function valueAt(object: JsonRecord, pointer: string): unknown {
  return matches(object, tokensOf(pointer), '')[0]?.value
}

/** Groups of policy engines: patterns in their objects look like pods. */
const policyGroups = /(^|\.)(kyverno\.io|gatekeeper\.sh|kubewarden\.io|pidguard\.io)$/
/** Groups of Kubernetes itself: its kinds with pods are known, and a CRD is large. */
const ownGroups =
  /^(|apps|batch|autoscaling|policy|extensions|(apiextensions|admissionregistration|apiregistration|networking|rbac\.authorization|storage|scheduling|certificates|discovery|events|resource)\.k8s\.io)$/

/** Kinds without a pod template: their controller makes the pods from other fields. */
const ownShapes: ReadonlySet<GroupKind> = new Set([
  'argoproj.io/Workflow',
  'argoproj.io/WorkflowTemplate',
  'argoproj.io/ClusterWorkflowTemplate',
  'argoproj.io/CronWorkflow',
  'sparkoperator.k8s.io/SparkApplication',
  'sparkoperator.k8s.io/ScheduledSparkApplication',
  'tekton.dev/Task',
  'tekton.dev/ClusterTask',
  'tekton.dev/TaskRun',
  'tekton.dev/Pipeline',
  'tekton.dev/PipelineRun',
  'kubevirt.io/VirtualMachine',
  'kubevirt.io/VirtualMachineInstance'
])

/** Levels of an object that are searched. A pod template lies within ten; own choice. */
const maxDepth = 24

/**
 * Whether an object of a kind that is not in the table makes pods: a known one, or a custom resource with a list
 * `containers` that has an entry with a name or an image.
 */
export function holdsPods(kind: GroupKind, object: JsonRecord): boolean {
  if (ownShapes.has(kind)) return true
  const group = kind.slice(0, kind.lastIndexOf('/'))
  return !ownGroups.test(group) && !policyGroups.test(group) && hasContainers(object, 0)
}

function hasContainers(value: unknown, depth: number): boolean {
  if (depth > maxDepth || typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((item) => hasContainers(item, depth + 1))
  return Object.entries(value).some(([key, inner]) =>
    key === 'containers' && Array.isArray(inner)
      ? inner.some((item) => isRecord(item) && (typeof item['image'] === 'string' || typeof item['name'] === 'string'))
      : hasContainers(inner, depth + 1)
  )
}
