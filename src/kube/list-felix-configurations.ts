import { type FelixSettings, felixSettingsOf } from '../kubernetes/calico/felix.ts'
import type { ListedKind, ListFailure } from '../ports/objects.ts'
import type { KubeApi } from './client.ts'
import { ObjectLists } from './object-lister.ts'

/**
 * Calico's API server serves the same objects as projectcalico.org. Since v3.32 these can be the only true ones: those of
 * crd.projectcalico.org are left behind when a cluster moves there.
 */
export const felixConfigurationKind = {
  kind: 'FelixConfiguration',
  plural: 'felixconfigurations',
  apiVersions: ['projectcalico.org/v3', 'crd.projectcalico.org/v1']
} as const satisfies ListedKind

/** All of them, read once; undefined where they may not be read. Throws ERR_CLUSTER_UNREACHABLE. */
export async function listFelixConfigurations(
  api: KubeApi,
  signal: AbortSignal
): Promise<{ readonly known: readonly FelixSettings[] | undefined; readonly failures: readonly ListFailure[] }> {
  const found: FelixSettings[] = []
  const lists = new ObjectLists(api, { step() {} }, signal)
  const failures = await lists.each([felixConfigurationKind], (object) => void found.push(felixSettingsOf(object)))
  return { known: failures.length === 0 ? found : undefined, failures }
}
