import type { Container } from '../types.ts'
import type { GroupKind } from '../workloads.ts'

/** Pointers below an object: each to a container, or to a list of them. */
export interface ContainerFields {
  readonly init: readonly string[]
  readonly main: readonly string[]
  /** Pointer to an object with the resources of those containers under the first of `main` that have none of their own. */
  readonly defaults?: string
}

/** Where a kind that is not one of Kubernetes itself keeps pods. `*` in a pointer is every item or member. */
export interface TemplatePlace {
  /** Pointer to objects with `metadata` and `spec` of pods. */
  readonly template?: string | undefined
  /** Pointer to bare pod specs. */
  readonly podSpec?: string | undefined
  /** Pointer to objects that hold the containers of a pod in fields of their own. */
  readonly holder?: string
  readonly containers?: ContainerFields
  /** Pointers to fields that change the pods in a way that is not known: where one is there, no template is found. */
  readonly unless?: readonly string[]
  /** Pointer to the number of pods, where one number says it. */
  readonly replicas?: string | undefined
  /** Containers that the controller adds to each pod. */
  readonly adds?: readonly Container[]
  /** What the controller calls containers that have no name; they need none. */
  readonly names?: string
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
/** `user-container` is Knative's default (config/core/configmaps/defaults.yaml, container-name-template). */
const ofKnative = { adds: queueProxy, names: 'user-container' }
const knative: readonly TemplatePlace[] = [{ template: '/spec/template', ...ofKnative }]

/** Each step is a container of one pod (tektoncd/pipeline pkg/pod/pod.go). */
const tekton = (at: string, unless: readonly string[] = []): readonly TemplatePlace[] => [
  { holder: at, containers: { init: [], main: ['/steps', '/sidecars'], defaults: '/stepTemplate' }, unless }
]
const pipeline = (at: string, unless: readonly string[] = []): readonly TemplatePlace[] =>
  ['tasks', 'finally'].flatMap((list) => tekton(`${at}/${list}/*/taskSpec`, unless))
/** Each template that has containers makes a pod (argoproj/argo-workflows workflow/controller/workflowpod.go). */
const workflow = (at: string): readonly TemplatePlace[] => [
  {
    holder: `${at}/templates/*`,
    containers: { init: ['/initContainers'], main: ['/container', '/script', '/containerSet/containers', '/sidecars'] },
    unless: [`${at}/podSpecPatch`, `${at}/templateDefaults`, `${at}/templates/*/podSpecPatch`]
  }
]

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
  'serving.knative.dev/Revision': [{ podSpec: '/spec', ...ofKnative }],
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
  'kueue.x-k8s.io/Workload': [{ template: '/spec/podSets/*/template' }],
  'tekton.dev/Task': tekton('/spec'),
  'tekton.dev/ClusterTask': tekton('/spec'),
  'tekton.dev/TaskRun': tekton('/spec/taskSpec', ['/spec/computeResources']),
  'tekton.dev/Pipeline': pipeline('/spec'),
  'tekton.dev/PipelineRun': pipeline('/spec/pipelineSpec', ['/spec/taskRunSpecs']),
  'argoproj.io/Workflow': workflow('/spec'),
  'argoproj.io/WorkflowTemplate': workflow('/spec'),
  'argoproj.io/ClusterWorkflowTemplate': workflow('/spec'),
  'argoproj.io/CronWorkflow': workflow('/spec/workflowSpec')
}

/** All of these kinds: not those of Kubernetes itself. */
export const knownTemplatePlaces: ReadonlyMap<GroupKind, readonly TemplatePlace[]> = new Map(Object.entries(places))

/** Where objects of this kind keep pod templates; undefined: not known. Kinds of Kubernetes itself are in workloads.ts. */
export function templatePlacesOf(kind: GroupKind): readonly TemplatePlace[] | undefined {
  return knownTemplatePlaces.get(kind)
}

const ofTemplates = 'its pods are those of templates it names, or podSpecPatch or templateDefaults change them'
const own = (who: string) => `${who} gives its pods requests of cpu and memory by other fields`

/** Kinds that make pods and say nowhere in full which, each with the reason why their pods are not checked. */
const withoutTemplate: Readonly<Record<GroupKind, string>> = {
  // spec.driver and spec.executor: cores and memory have defaults (apache/spark resource-managers/kubernetes Config.scala).
  'sparkoperator.k8s.io/SparkApplication': own('Spark'),
  'sparkoperator.k8s.io/ScheduledSparkApplication': own('Spark'),
  // jobManager.resource and taskManager.resource; without them the memory of Flink's own configuration.
  'flink.apache.org/FlinkDeployment': own('Flink'),
  'flink.apache.org/FlinkSessionJob': 'it runs in the pods of a FlinkDeployment',
  // What virt-launcher itself needs is always added to the request of memory (kubevirt pkg/virt-controller/services).
  'kubevirt.io/VirtualMachine': own('KubeVirt'),
  'kubevirt.io/VirtualMachineInstance': own('KubeVirt'),
  'kubevirt.io/VirtualMachineInstanceReplicaSet': own('KubeVirt'),
  'kubevirt.io/VirtualMachinePool': own('KubeVirt'),
  'tekton.dev/TaskRun': 'its pod is that of a Task it names, or has the resources of the TaskRun',
  'tekton.dev/Pipeline': 'its pods are those of Tasks it names',
  'tekton.dev/PipelineRun': 'its pods are those of Tasks it names, or have the resources of the PipelineRun',
  'argoproj.io/Workflow': ofTemplates,
  'argoproj.io/WorkflowTemplate': ofTemplates,
  'argoproj.io/ClusterWorkflowTemplate': ofTemplates,
  'argoproj.io/CronWorkflow': ofTemplates
}

/** Why the pods of an object of this kind, in which no template was found, are not checked; undefined: it is not known to make any. */
export function whyWithoutTemplate(kind: GroupKind): string | undefined {
  return Object.hasOwn(withoutTemplate, kind) ? withoutTemplate[kind] : undefined
}
