import { kubeRollout } from '../calico/kube-rollout.ts'
import { type CalicoReading, readCalico } from '../calico/read-calico.ts'
import { type CalicoFormat, renderCalico } from '../calico/render.ts'
import { rolloutCommands } from '../calico/rollout-commands.ts'
import { type RolloutStep, rolloutSteps } from '../calico/rollout-steps.ts'
import { runRollout } from '../calico/run-rollout.ts'
import { clock } from '../host/clock.ts'
import { loadFilePolicy } from '../host/policy-once.ts'
import { liveReadings } from '../host/reading-source.ts'
import { print } from '../host/stdout.ts'
import { readAddresses, type TakeOptions, withAddress } from '../host/take-snapshot.ts'
import { KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import { nodeRowsOf } from '../kubernetes/calico/node-rows.ts'
import { pause } from '../lib/sleep.ts'
import type { Settings } from '../policy/settings.ts'
import { adviceOf } from '../report/calico-advice.ts'
import { plural } from '../report/validate-report.ts'
import { policyRules } from '../rules/index.ts'

interface Options extends TakeOptions {
  readonly output: CalicoFormat
  readonly policy?: string
  readonly run?: boolean
  readonly node?: readonly string[]
}

/**
 * `pidguard calico`: 0 when nothing is wrong, 1 when something is, or a rollout stopped, 4 when nothing was found but not all
 * could be read.
 */
export async function runCalico(what: 'nodes' | 'rollout', options: Options): Promise<number> {
  const { kubeconfig, context } = options
  const policy = await loadFilePolicy(options.policy, policyRules, clock.now())
  const credentials = await findCredentials({ kubeconfig, context, env: process.env, clock })
  const api = new KubeClient(credentials)
  try {
    const reading = await readCalico(api, new AbortController().signal)
    const [namespace] = reading.daemonSets.map(({ metadata }) => (metadata as { namespace?: string }).namespace)
    const settings = policy.settingsFor(namespace ?? 'kube-system', undefined)
    if (what === 'nodes') return showNodes(reading, settings, options.output)
    const steps = chosen(rolloutSteps(reading), options.node)
    if (steps === undefined) {
      process.stderr.write(`pidguard: not all could be read\n${reading.gaps.join('\n')}\n`)
      return 4
    }
    if (steps.length === 0) print('# every pod runs the newest revision\n')
    else if (options.run === true) return await replacePods(steps, settings)
    else print(`${rolloutCommands(steps, reading.daemonSets).join('\n')}\n`)
    return 0
  } finally {
    await api.close()
  }

  async function replacePods(steps: readonly RolloutStep[], { headroom }: Settings): Promise<number> {
    const readings = await liveReadings(options.readings ?? 'kubelet', options, credentials, clock)
    const addresses = readAddresses(options.kubeletAddress ?? [])
    try {
      const stopped = await runRollout(steps, {
        ...kubeRollout({
          api,
          readings,
          floor: headroom.floor,
          targetOf: (node) => withAddress(node, addresses.get(node.name))
        }),
        pause: (span) => pause(span, new AbortController().signal),
        now: () => clock.monotonic(),
        say: (line) => print(`${line}\n`)
      })
      if (stopped === undefined) print(`${plural(steps.length, 'pod')} replaced\n`)
      else process.stderr.write(`pidguard: stopped. ${stopped}\n`)
      return stopped === undefined ? 0 : 1
    } finally {
      await readings.close()
    }
  }
}

function showNodes(reading: CalicoReading, { calico }: Settings, output: CalicoFormat): number {
  const rows = nodeRowsOf(reading)
  const advice = adviceOf(rows, calico.iptablesBackend)
  const { gaps, logGap, kubeProxy } = reading
  print(renderCalico({ rows, advice, gaps: [...gaps, ...(logGap === undefined ? [] : [logGap])], kubeProxy }, output))
  if (advice.some(({ isFinding }) => isFinding)) return 1
  return gaps.length > 0 ? 4 : 0
}

/** The steps on the nodes that were named, in their order; all where none was. */
function chosen(
  steps: readonly RolloutStep[] | undefined,
  nodes: readonly string[] | undefined
): readonly RolloutStep[] | undefined {
  if (nodes === undefined) return steps
  return steps && nodes.flatMap((name) => steps.filter(({ pod }) => pod.node === name))
}
