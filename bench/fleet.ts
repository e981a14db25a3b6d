// A fleet with room for what the bodies ask, as a snapshot that pidguard serves from.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { workFolder } from './machine.ts'

const nodes = 5_000
const podsPerNode = 30

/** Writes the fleet and gives back its file: 5,000 nodes in three zones, 150,000 pods of 500 workloads. */
export function fleetFile(): string {
  const file = path.join(workFolder, 'fleet.json')
  mkdirSync(workFolder, { recursive: true })
  writeFileSync(file, JSON.stringify(fleet()))
  return file
}

function fleet(): object {
  const at = '2026-11-21T10:00:00Z'
  return {
    apiVersion: 'pidguard.io/v1alpha1',
    kind: 'NodeSnapshot',
    takenAt: at,
    nodes: Array.from({ length: nodes }, (_, n) => ({
      name: `node-${n}`,
      labels: {
        'kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': `node-${n}`,
        'topology.kubernetes.io/zone': `zone-${n % 3}`
      },
      reading: { at, host: { limit: 65_536, inUse: 2_400 }, kubepods: { limit: 32_768, inUse: 2_000 } },
      pods: Array.from({ length: podsPerNode }, (_, p) => podOf(n * podsPerNode + p))
    })),
    namespaces: [{ name: 'default' }]
  }
}

function podOf(n: number): object {
  const name = `workload-${n % 500}`
  return {
    namespace: `namespace-${n % 50}`,
    name: `${name}-${n}`,
    uid: `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`,
    workload: { kind: 'Deployment', name },
    estimated: 50,
    threads: 20 + (n % 40)
  }
}
