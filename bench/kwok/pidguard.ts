// pidguard beside the cluster, by one of its ways of guarding.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'
import { installApart } from '../../test/e2e/support/install-apart.ts'
import type { Component, Running } from '../../test/e2e/support/installation.ts'
import { untilIs } from '../../test/e2e/support/wait.ts'
import { kubeletAuthority } from '../../test/support/fake-kubelet.ts'

export const ways = ['none', 'admission', 'guard', 'scheduler'] as const
export type Way = (typeof ways)[number]

interface Parts {
  readonly components: readonly Component[]
  /** The switch in `spec.headroom` of the policy. */
  readonly setting: string
}

const parts: Readonly<Record<Exclude<Way, 'none'>, Parts>> = {
  admission: { components: [], setting: '' },
  guard: { components: ['guard'], setting: ', taintNodes: true' },
  scheduler: { components: ['scheduler'], setting: ', schedulePids: true' }
}

export interface Guarding {
  readonly processes: ReadonlyMap<string, Running>
  /** Returns when each process has a fresh reading of so many nodes. */
  untilRead(nodes: number): Promise<void>
}

/**
 * The overlay `default` with what the way needs: one controller, `replicas` webhooks, and with `guard` its one writer. `more`: what else the
 * policy says of headroom, from the comma on.
 */
export async function startPidguard(plane: ControlPlane, way: Way, replicas: number, more = ''): Promise<Guarding> {
  const processes = new Map<string, Running>()
  if (way !== 'none') {
    const { components, setting } = parts[way]
    const ca = join(plane.folder, 'kubelet-ca.crt')
    writeFileSync(ca, kubeletAuthority.cert)
    const readings = ['--readings=kubelet', `--kubelet-ca=${ca}`, '--log-level=info']
    const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  headroom: {floor: 10%, maxAge: 60s${setting}${more}}
`
    const installation = await installApart(plane, [], components, { policy, controller: readings })
    processes.set('controller', installation.controller)
    await installation.scale(replicas)
    for (let count = 1; count <= replicas; count++)
      processes.set(`webhook ${count}`, await installation.start(...readings))
    if (way === 'guard') processes.set('guard', await installation.startGuard(...readings))
    for (const process of processes.values()) await process.ready()
  }
  return {
    processes,
    async untilRead(nodes) {
      for (const [name, process] of processes) {
        // Without taints or a resource to write it has no use for readings.
        if (way === 'admission' && name === 'controller') continue
        await untilIs(`fresh readings of ${name}`, () => process.metric('pidguard_nodes{known="fresh"}'), nodes)
      }
    }
  }
}

/** What a process says of itself on its /metrics. */
export async function metricsOf({ probePort }: Running): Promise<string> {
  const { body } = await request(`http://127.0.0.1:${probePort}/metrics`)
  return body.text()
}
