// What pidguard emit costs the API server: node bench/emit.ts [rounds] [pods] [FILE…], files of other policies beside. A real kube-apiserver (KUBEBUILDER_ASSETS) on loopback takes the
// same Pods as dry runs without any policy and with those that are emitted, in turn; the processor time of its process, as ratios to the
// slice without in the same round. Needs no quiet machine, only patience: neighbours shift all slices alike.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EmitOptions, emit } from '../src/emit/emit.ts'
import { renderEmitted } from '../src/emit/render.ts'
import { readPolicy } from '../src/policy/document/read-policy.ts'
import { policyRules } from '../src/rules/index.ts'
import { enforce } from '../test/e2e/support/admission-policies.ts'
import { startControlPlane } from '../test/e2e/support/control-plane.ts'
import { cpuMicrosOf } from './machine.ts'
import { median } from './numbers.ts'

const [counts, files] = [process.argv.slice(2, 4), process.argv.slice(4)]
const [rounds = 6, pods = 300] = counts.map(Number)

const plane = await startControlPlane()
const server = plane.version.minor
const pid = apiServerOf(plane.url)
await plane.createNamespace('shop', { 'pod-security.kubernetes.io/enforce': 'privileged' })

/** A Pod as a ReplicaSet sends it, of an app of usual size. */
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/pod-create.json'), 'utf8'))
const { apiVersion, kind, metadata, spec } = recorded.request.object
const { name: _, namespace: __, ownerReferences: ___, ...meta } = metadata
const requests = { cpu: '50m', memory: '64Mi' }
const pod = {
  apiVersion,
  kind,
  metadata: { ...meta, generateName: 'bench-' },
  spec: {
    ...spec,
    serviceAccountName: undefined,
    serviceAccount: undefined,
    volumes: [],
    containers: spec.containers.map((each: object) => ({ ...each, resources: { requests }, volumeMounts: [] }))
  }
}

const policy = readPolicy(
  '{apiVersion: pidguard.io/v1alpha1, kind: PidGuardPolicy, spec: {calico: {iptablesBackend: NFT}}}',
  {
    rules: policyRules,
    source: 'the bench'
  }
)
const options = { server, fallback: false, noLimitRanges: false, fillPods: false, static: undefined }
const textOf = (more: Partial<EmitOptions>): string =>
  renderEmitted(emit(policy, policyRules, { ...options, ...more }, Date.now()), 'the bench')

const contestants: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  'none again': undefined,
  '--fallback': textOf({ fallback: true }),
  emit: textOf({}),
  'emit --fill-pods': textOf({ fillPods: true }),
  ...Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]))
}

try {
  await slice(2 * pods) // Caches fill, and the collector of the API server finds its pace.
  const ratios = new Map<string, number[]>(Object.keys(contestants).map((each) => [each, []]))
  for (let round = 0; round < rounds; round++) {
    const names = Object.keys(contestants)
    const micros = new Map<string, number>()
    for (const name of round % 2 === 0 ? names : names.toReversed()) micros.set(name, await measured(contestants[name]))
    const base = micros.get('none') ?? Number.NaN
    for (const [name, list] of ratios) list.push((micros.get(name) ?? Number.NaN) / base)
    console.log(`round ${round + 1}: none ${(base / 1000).toFixed(1)} ms a Pod`)
  }
  for (const [name, list] of ratios) {
    const [least, most] = [Math.min(...list), Math.max(...list)]
    console.log(`${name}: ${median(list).toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`)
  }
} finally {
  await plane.stop()
}

/** Microseconds of processor time a Pod. */
async function measured(yaml: string | undefined): Promise<number> {
  const inForce = yaml === undefined ? undefined : await enforce(plane, yaml)
  await slice(50)
  const before = cpuMicrosOf(pid)
  await slice(pods)
  const used = cpuMicrosOf(pid) - before
  await inForce?.remove()
  return used / pods
}

/** Two at a time. */
async function slice(count: number): Promise<void> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const { status, body } = await plane.api.post('/api/v1/namespaces/shop/pods?dryRun=All', pod)
      if (status !== 201) throw new Error(`${status} ${body.message}`)
    }
  }
  await Promise.all([lane(), lane()])
}

function apiServerOf(url: string): number {
  const flag = `--secure-port=${new URL(url).port}`
  const found = readdirSync('/proc').find((each) => {
    if (!/^\d+$/.test(each)) return false
    try {
      return readFileSync(`/proc/${each}/cmdline`, 'utf8').split('\0').includes(flag)
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error(`no kube-apiserver with ${flag}`)
  return Number(found)
}
