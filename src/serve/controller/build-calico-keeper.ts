import type { KubeApi } from '../../kube/client.ts'
import { CalicoKeeper, type CalicoKeeperDeps } from '../../leader/calico/calico-keeper.ts'
import { checkFelix, type FelixPolicy } from '../../leader/calico/check-felix.ts'
import { daemonSetEvents, watchFelix, writeDaemonSet } from '../../leader/calico/kube-daemon-sets.ts'
import type { Clock } from '../../ports/runtime.ts'
import { calicoIptablesBackend } from '../../rules/calico-iptables-backend.ts'
import { calicoUpdateStrategy } from '../../rules/calico-update-strategy.ts'

export interface CalicoKeeping extends Pick<CalicoKeeperDeps, 'log' | 'meter'> {
  readonly api: KubeApi
  readonly clock: Clock
  readonly policy: FelixPolicy
}

/** The keeper of Calico; it watches nothing until it leads. */
export function buildCalicoKeeper({ api, clock, policy, log, meter }: CalicoKeeping): CalicoKeeper {
  const random = Math.random
  const rules = [calicoUpdateStrategy, calicoIptablesBackend]
  return new CalicoKeeper({
    watch: watchFelix({ api, clock, log, random }),
    check: ({ object }, felixConfigurations) => checkFelix(object, { rules, policy, felixConfigurations }, clock.now()),
    isRepairWanted: ({ namespace }) => policy.settingsFor(namespace).calico.repair,
    write: writeDaemonSet(api),
    postEvent: daemonSetEvents(api, clock),
    clock,
    random,
    log,
    meter
  })
}
