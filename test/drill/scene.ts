import type { ControlPlane } from '../e2e/support/control-plane.ts'
import type { Replica } from '../e2e/support/installation.ts'
import type { RealNode } from '../e2e/support/node.ts'
import type { Kubepods } from './kernel.ts'
import type { Story } from './story.ts'
import type { Workloads } from './workloads.ts'

/** What every chapter plays with. */
export interface Scene {
  readonly story: Story
  readonly plane: ControlPlane
  readonly node: RealNode
  readonly kubepods: Kubepods
  readonly workloads: Workloads
}

export interface GuardedScene extends Scene {
  readonly replicas: readonly Replica[]
  /** As many replicas of pidguard and no others; they have read the real kubelet when this returns. */
  run(replicas: number): Promise<void>
  /** Every node as `pidguard top nodes` shows it. */
  top(): Promise<string>
}

/** Tasks that kubepods may hold during the drill, as when a kubelet was not restarted after pid_max was raised. */
export const ceiling = 1_500
/** Share of it that the default policy keeps free. */
export const floor = Math.ceil(ceiling * 0.1)
/** The incident's Deployment. */
export const crowd = { name: 'crowd', pods: 4, threads: 500 } as const
