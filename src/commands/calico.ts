import { adviceOf } from '../calico/advice.ts'
import { nodeRowsOf } from '../calico/node-rows.ts'
import { readCalico } from '../calico/read-calico.ts'
import { type CalicoFormat, renderCalico } from '../calico/render.ts'
import { rolloutCommands } from '../calico/rollout-commands.ts'
import { clock } from '../host/clock.ts'
import { loadFilePolicy } from '../host/policy-once.ts'
import { print } from '../host/stdout.ts'
import { KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import { policyRules } from '../rules/index.ts'

interface Options {
  readonly output: CalicoFormat
  readonly policy?: string
  readonly kubeconfig?: string
  readonly context?: string
}

/** `pidguard calico`: 0 when nothing is wrong, 1 when something is, 4 when nothing was found but not all could be read. */
export async function runCalico(what: 'nodes' | 'rollout', options: Options): Promise<number> {
  const { kubeconfig, context, output } = options
  const policy = await loadFilePolicy(options.policy, policyRules, clock.now())
  const api = new KubeClient(await findCredentials({ kubeconfig, context, env: process.env, clock }))
  try {
    const reading = await readCalico(api, new AbortController().signal)
    if (what === 'rollout') {
      const commands = rolloutCommands(reading)
      if (commands === undefined) process.stderr.write(`pidguard: not all could be read\n${reading.gaps.join('\n')}\n`)
      else print(commands.length === 0 ? '# every pod runs the newest revision\n' : `${commands.join('\n')}\n`)
      return commands === undefined ? 4 : 0
    }
    const rows = nodeRowsOf(reading)
    const [namespace] = reading.daemonSets.map(({ metadata }) => (metadata as { namespace?: string }).namespace)
    const { iptablesBackend } = policy.settingsFor(namespace ?? 'kube-system', undefined).calico
    const advice = adviceOf(rows, iptablesBackend)
    print(renderCalico({ rows, advice, gaps: reading.gaps, kubeProxy: reading.kubeProxy }, output))
    if (advice.some(({ isFinding }) => isFinding)) return 1
    return reading.gaps.length > 0 ? 4 : 0
  } finally {
    await api.close()
  }
}
