import { probeAdmission } from '../doctor/admission-probe.ts'
import { calicoViewOf } from '../doctor/calico-checks.ts'
import { diagnose } from '../doctor/diagnose.ts'
import { expectedPoliciesOf } from '../doctor/fallback-checks.ts'
import { readScheduler } from '../doctor/guarding/read-scheduler.ts'
import { hasUnreadNodes } from '../doctor/headroom-checks.ts'
import { probeOwnRights } from '../doctor/own-rights-checks.ts'
import { policyViewOf } from '../doctor/probe-checks.ts'
import { readAdmissionPolicies, readInstallation, readNodeNames } from '../doctor/read-installation.ts'
import { type DoctorFormat, renderDoctor, unsound } from '../doctor/render.ts'
import { AppError } from '../errors.ts'
import { clock } from '../host/clock.ts'
import { filePolicyOf } from '../host/policy-once.ts'
import { print } from '../host/stdout.ts'
import { KubeClient } from '../kube/client.ts'
import { findCredentials } from '../kube/credentials.ts'
import { KubeError } from '../kube/kube-error.ts'
import { readPolicy } from '../policy/document/read-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { calicoIptablesBackend } from '../rules/calico-iptables-backend.ts'
import { calicoUpdateStrategy } from '../rules/calico-update-strategy.ts'
import { policyRules } from '../rules/index.ts'

/** The rules for DaemonSets of Felix. */
const calicoRules = [calicoUpdateStrategy, calicoIptablesBackend]

interface Options {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace: string
  readonly probeNamespace: string
  readonly output: DoctorFormat
  readonly failOn: 'warn' | 'error'
  readonly quiet?: boolean
  readonly version: string
}

/** `pidguard doctor`: 0 when the installation is sound, 1 when it is not. Throws ERR_CLUSTER_UNREACHABLE. */
export async function runDoctor(options: Options): Promise<number> {
  const { kubeconfig, context, namespace, probeNamespace, version } = options
  const credentials = await findCredentials({ kubeconfig, context, env: process.env, clock })
  const api = new KubeClient(credentials)
  try {
    const [facts, admissionPolicies, probe, ownRights] = await Promise.all([
      readInstallation(api, namespace),
      readAdmissionPolicies(api),
      probeAdmission(credentials, probeNamespace, () => clock.monotonic()),
      probeOwnRights(api, namespace)
    ])
    const nodes = hasUnreadNodes(facts.replicas) ? await readNodeNames(api) : undefined
    const now = clock.now()
    const { policy, mistakes: policyMistakes } = readPolicyText(facts.policy)
    const { schedulePids } = policy?.base.headroom ?? {}
    const scheduler = schedulePids === undefined ? undefined : await readScheduler(api, schedulePids)
    const policyView =
      policy && policyViewOf(filePolicyOf(policy, policyRules, now), policyRules, probeNamespace, facts.namespaces)
    const calicoView = policy && calicoViewOf(filePolicyOf(policy, policyRules, now), calicoRules, facts)
    const expectedPolicies = expectedPoliciesOf(policy, policyRules, facts.serverVersion, now)
    const known = {
      policyMistakes,
      taintNodes: policy?.base.headroom.taintNodes,
      autoscaled: policy?.base.headroom.autoscaled,
      schedulePids,
      scheduler,
      admissionPolicies,
      expectedPolicies,
      policyView,
      calicoView,
      systemNamespaces: policy?.systemNamespaces
    }
    const checks = diagnose({ ...facts, ...known, ownRights, probe, probeNamespace, nodes, version, now })
    const failing = unsound(checks, options.failOn)
    if (!options.quiet || options.output === 'json') print(renderDoctor(checks, options.output))
    else if (failing.length > 0) print(renderDoctor(checks, 'text', failing))
    return failing.length > 0 ? 1 : 0
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause
    throw new AppError('ERR_CLUSTER_UNREACHABLE', `${credentials.server}: ${cause.message}`, { cause })
  } finally {
    await api.close()
  }
}

/** undefined where there is none without mistakes: which one is in force then, only the replicas know. */
function readPolicyText(text: string | undefined): { policy: Policy | undefined; mistakes: readonly string[] } {
  if (text === undefined) return { policy: undefined, mistakes: [] }
  try {
    return { policy: readPolicy(text, { rules: policyRules, source: 'policy.yaml' }), mistakes: [] }
  } catch (error) {
    return { policy: undefined, mistakes: (error as Error).message.split('\n') }
  }
}
