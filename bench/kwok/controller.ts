// kwok, which plays the kubelets: it makes nodes ready, renews their Leases, and moves pods from one phase to the next.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { startProgram } from '../../test/e2e/support/processes.ts'

const version = 'v0.8.0'

/** The built program; where it is missing it is built once, which takes some two minutes and downloads Go modules. */
export function kwokProgram(): string {
  const folder = join(os.homedir(), '.cache', 'pidguard-bench', `kwok-${version}`)
  const program = join(folder, 'kwok')
  if (existsSync(program)) return program
  console.error(`Building kwok ${version} into ${folder}: once, some minutes …`)
  mkdirSync(folder, { recursive: true })
  execFileSync('nice', ['-n', '10', 'go', 'install', `sigs.k8s.io/kwok/cmd/kwok@${version}`], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, GOBIN: folder, GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -p=2`, CGO_ENABLED: '0' }
  })
  return program
}

interface Pace {
  /** Pods of Jobs succeed after some 20 to 60 s. */
  readonly doJobsEnd?: boolean
  /** Milliseconds from a node's first sight. */
  readonly nodesReadyAfter?: number
}

/**
 * Starts kwok for all nodes of the control plane, by none of its own labels or annotations: pidguard takes a node that has them for one
 * without a ceiling.
 */
export async function startKwok(
  plane: ControlPlane,
  program: string,
  { doJobsEnd = true, nodesReadyAfter = 0 }: Pace = {}
): Promise<void> {
  const config = join(plane.folder, 'kwok.yaml')
  const parallel = { podPlayStageParallelism: 16, nodePlayStageParallelism: 16, nodeLeaseParallelism: 8 }
  const settings = { apiVersion: 'config.kwok.x-k8s.io/v1alpha1', kind: 'KwokConfiguration', options: parallel }
  const played = stagesOf(nodesReadyAfter).filter(({ metadata }) => doJobsEnd || metadata.name !== 'pod-completes')
  writeFileSync(config, [settings, ...played].map((stage) => JSON.stringify(stage)).join('\n---\n'))
  const kwok = await startProgram({
    program,
    args: [
      `--kubeconfig=${join(plane.folder, 'kubeconfig')}`,
      `--config=${config}`,
      '--manage-all-nodes=true',
      '--node-lease-duration-seconds=40',
      '--v=WARN'
    ],
    logFile: join(plane.folder, 'kwok.log'),
    cwd: plane.folder
  })
  plane.atStop(async () => void (await kwok.stop('SIGKILL')))
}

interface Expression {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

const stays: Expression = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' }
const isJob: Expression = { key: '.metadata.ownerReferences.[].kind', operator: 'In', values: ['Job'] }
const phaseIs = (phase: string): Expression => ({ key: '.status.phase', operator: 'In', values: [phase] })
const isNotReady: Expression = {
  key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
  operator: 'NotIn',
  values: ['True']
}

interface Stage {
  readonly metadata: { readonly name: string }
  readonly [field: string]: unknown
}

/** `delay` and `jitter` in milliseconds; the longest is given by `jitter`, as kwok wants it. */
function stage(
  name: string,
  kind: 'Node' | 'Pod',
  matchExpressions: readonly Expression[],
  next: object,
  [durationMilliseconds, jitterDurationMilliseconds]: readonly [delay: number, jitter: number]
): Stage {
  return {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind },
      selector: { matchExpressions },
      delay: { durationMilliseconds, jitterDurationMilliseconds },
      next
    }
  }
}

/** Templates of Go: what a kubelet writes into the status. */
const ready = (types: readonly string[]): string =>
  types.map((type) => `- {type: ${type}, status: "True", lastTransitionTime: {{ Now | Quote }}}`).join('\n')
const containers = (state: string, isReady: boolean): string => `containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: ${isReady}, started: ${isReady}, restartCount: 0, state: ${state}}
{{ end }}`

/** How long each step takes: own choice, after what a kubelet needs for a small image that is there already. */
const stagesOf = (nodesReadyAfter: number): readonly Stage[] => [
  stage(
    'node-ready',
    'Node',
    [isNotReady],
    {
      statusTemplate: `conditions:
- {type: Ready, status: "True", reason: KubeletReady, message: plays, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}
- {type: PIDPressure, status: "False", reason: KubeletHasSufficientPID, message: plays, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}`
    },
    [nodesReadyAfter, nodesReadyAfter]
  ),
  stage(
    'pod-runs',
    'Pod',
    [stays, phaseIs('Pending'), isNotReady],
    {
      statusTemplate: `phase: Running
startTime: {{ Now | Quote }}
conditions:
${ready(['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'])}
${containers('{running: {startedAt: {{ Now | Quote }}}}', true)}`
    },
    [1_000, 3_000]
  ),
  stage(
    'pod-completes',
    'Pod',
    [stays, phaseIs('Running'), isJob],
    {
      statusTemplate: `phase: Succeeded
${containers('{terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}', false)}`
    },
    [20_000, 40_000]
  ),
  stage(
    'pod-goes',
    'Pod',
    [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }],
    { delete: true, finalizers: { empty: true } },
    [1_000, 3_000]
  )
]
