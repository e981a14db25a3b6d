import type { KubeApi } from '../kube/client.ts'
import { KubeError } from '../kube/kube-error.ts'
import { readVersion } from '../kubernetes/server-version.ts'
import type { Check } from './check.ts'
import { apply } from './webhook-checks.ts'

/** The result of a forbidden change that was tried in the name of the controller's account. */
export interface OwnRightsProbe {
  /** Of the component own-rights; `hidden`: this user may not read policies. */
  readonly policy: 'there' | 'absent' | 'hidden'
  /**
   * `refused`: by that policy. `no-right`: by RBAC. `unasked`: this user may not impersonate, or there is nothing to change.
   * `others`: by something else.
   */
  readonly change: 'refused' | 'stored' | 'no-right' | 'unasked' | 'others'
}

export interface OwnRightsFacts {
  /** undefined: not tried. */
  readonly ownRights: OwnRightsProbe | undefined
  readonly serverVersion: string
  readonly namespace: string
}

const registration = '/apis/admissionregistration.k8s.io/v1'
/** One of the policies of the component. */
const policyName = 'own-webhooks.pidguard.io'
/** ValidatingAdmissionPolicy is v1 from there on. */
const firstMinor = 30

function accountOf(namespace: string): string {
  return `system:serviceaccount:${namespace}:pidguard-controller`
}

/** Tries to put a label on our webhook configuration, as the controller and as a dry run. Throws KubeError when nothing answers. */
export async function probeOwnRights(api: KubeApi, namespace: string): Promise<OwnRightsProbe> {
  const policy = await found(api, `${registration}/validatingadmissionpolicies/${policyName}`)
  try {
    await api.call(`${registration}/validatingwebhookconfigurations/pidguard`, {
      method: 'PATCH',
      query: { dryRun: 'All' },
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { 'pidguard.io/doctor': 'tried' } } },
      asUser: accountOf(namespace)
    })
    return { policy, change: 'stored' }
  } catch (cause) {
    const { failure, message } = KubeError.ofTransport(cause)
    if (message.includes(policyName)) return { policy, change: 'refused' }
    if (failure === 'not-found' || message.includes('cannot impersonate')) return { policy, change: 'unasked' }
    if (failure === 'forbidden' && message.includes('cannot patch')) return { policy, change: 'no-right' }
    if (failure === 'forbidden' || failure === 'refused') return { policy, change: 'others' }
    throw cause
  }
}

async function found(api: KubeApi, path: string): Promise<OwnRightsProbe['policy']> {
  try {
    await api.call(path)
    return 'there'
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.failure === 'not-found') return 'absent'
    if (error.failure === 'forbidden') return 'hidden'
    throw error
  }
}

const about = 'own-rights'

/** Whether the API server holds our accounts to what the program does, with a token that was stolen too. */
export function ownRightsChecks({ ownRights, serverVersion, namespace }: OwnRightsFacts): Check[] {
  if (ownRights === undefined) return []
  const { policy, change } = ownRights
  const account = accountOf(namespace)
  switch (change) {
    case 'refused':
      return [
        { about, level: 'ok', found: `in force: ${account} may not change its webhook configurations beyond caBundle` }
      ]
    case 'no-right':
      return [{ about, level: 'ok', found: `not needed for webhook configurations: ${account} may not write them` }]
    case 'stored':
      return policy === 'absent' ? absence(serverVersion) : [voidCheck(account)]
    default: {
      if (policy === 'absent') return absence(serverVersion)
      const why =
        change === 'unasked' ? `this user may not impersonate ${account}` : 'something else refused the change'
      const level = policy === 'there' ? 'warn' : 'info'
      const remedy = `Run as a user who may impersonate: kubectl auth can-i impersonate serviceaccounts -n ${namespace}`
      return [{ about, level, found: `whether it is in force was not looked at: ${why}`, remedy }]
    }
  }
}

function voidCheck(account: string): Check {
  const found = `not in force: the API server let ${account} put a label on its webhook configuration, as a dry run`
  const remedy = `Is the binding there, and are the accounts those of the policies? kubectl get validatingadmissionpolicies,validatingadmissionpolicybindings -l app.kubernetes.io/name=pidguard. ${apply}`
  return { about, level: 'error', found, remedy }
}

function absence(serverVersion: string): Check[] {
  if ((readVersion(serverVersion) ?? 0) < firstMinor) return []
  const found = 'not applied: a stolen token of the controller could rewrite our webhook configurations'
  return [{ about, level: 'info', found, remedy: 'components: [../manifests/components/own-rights]' }]
}
