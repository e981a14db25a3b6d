import type { BaseSettings, Layer } from './policy.ts'

/**
 * The settings of `under`, with the values of `layer` in place of theirs. A list of profiles is replaced as a whole: its
 * order decides.
 */
export function applyLayer(under: BaseSettings, layer: Layer): BaseSettings {
  const { rules = {}, requests = {}, pids = {}, headroom = {}, audit = {}, calico = {} } = layer
  const { budget = {} } = headroom
  return {
    modes: modesWith(under.modes, rules),
    requests: {
      bestEffortPods: requests.bestEffortPods ?? under.requests.bestEffortPods,
      cpu: requests.cpu ?? under.requests.cpu,
      memory: requests.memory ?? under.requests.memory
    },
    pids: {
      estimate: pids.estimate ?? under.pids.estimate,
      limit: given(pids.limit, under.pids.limit),
      trustDeclared: pids.trustDeclared ?? under.pids.trustDeclared,
      profiles: pids.profiles ?? under.pids.profiles
    },
    headroom: {
      floor: headroom.floor ?? under.headroom.floor,
      maxAge: headroom.maxAge ?? under.headroom.maxAge,
      claimShare: headroom.claimShare ?? under.headroom.claimShare,
      budget: {
        perNode: given(budget.perNode, under.headroom.budget.perNode),
        total: given(budget.total, under.headroom.budget.total)
      },
      urgentPriority: headroom.urgentPriority ?? under.headroom.urgentPriority,
      autoscaled: headroom.autoscaled ?? under.headroom.autoscaled,
      schedulePids: headroom.schedulePids ?? under.headroom.schedulePids,
      taintNodes: headroom.taintNodes ?? under.headroom.taintNodes,
      maxTaintedShare: headroom.maxTaintedShare ?? under.headroom.maxTaintedShare,
      taintHysteresis: headroom.taintHysteresis ?? under.headroom.taintHysteresis
    },
    audit: {
      pidMax: audit.pidMax ?? under.audit.pidMax,
      usage: audit.usage ?? under.audit.usage,
      podShare: audit.podShare ?? under.audit.podShare,
      ownLimit: audit.ownLimit ?? under.audit.ownLimit,
      holderShare: audit.holderShare ?? under.audit.holderShare
    },
    calico: {
      iptablesBackend: calico.iptablesBackend ?? under.calico.iptablesBackend,
      operatorManaged: calico.operatorManaged ?? under.calico.operatorManaged,
      updateStrategy: calico.updateStrategy ?? under.calico.updateStrategy,
      repair: calico.repair ?? under.calico.repair
    }
  }
}

function modesWith(under: BaseSettings['modes'], rules: NonNullable<Layer['rules']>): BaseSettings['modes'] {
  const modes = new Map(under)
  for (const [id, mode] of Object.entries(rules)) {
    if (mode !== undefined) modes.set(id, mode)
  }
  return modes
}

function given<T>(value: T | 'none' | undefined, inherited: T | undefined): T | undefined {
  if (value === undefined) return inherited
  return value === 'none' ? undefined : value
}
