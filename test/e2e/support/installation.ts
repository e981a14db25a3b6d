import { mkdtempSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { ControlPlane } from './control-plane.ts'
import { namespace, type OwnProcesses, ownProcesses, type Replica, type Running } from './own-processes.ts'

const root = resolve(import.meta.dirname, '../../..')

export type { Replica, Running }

export interface Installation extends OwnProcesses {
  /** Applies the overlay again, as an upgrade and a GitOps controller do; `timeout` as for `install`. */
  apply(overlay?: Overlay, timeout?: number): Promise<void>
  /** A copy of the overlay's folder that a person could apply, adapted to this machine. */
  place(overlay?: Overlay): string
}

/** `earlier`: strict, as the last version with one process and one account installed it. */
export type Overlay = 'observe' | 'default' | 'strict' | 'earlier'
export type Component =
  | 'bindings'
  | 'guard'
  | 'match-conditions'
  | 'node-taints'
  | 'audit'
  | 'policy-reports'
  | 'audit-reports'
  | 'own-rights'
  | 'calico-repair'
  | 'fallback'
  | 'scheduler'

/**
 * Seconds that the API server waits for an answer, where a test says that no call passes by or that none fails. The
 * manifests give up sooner, and so they should; but a machine that stands still for a moment is not what is tested there.
 */
export const patience = 10

/**
 * The manifests as they are, but for two things: nothing runs the Deployments' pods here, so replicas are processes;
 * and the Service leads to them by name, since nothing routes cluster addresses on this machine. The API server calls
 * `pidguard.pidguard-system.svc` by clientConfig.service all the same, and each process has the rights of its
 * service account and no more. `timeout` is in place of the timeoutSeconds of every webhook.
 */
export async function install(
  plane: ControlPlane,
  overlay: Overlay = 'default',
  components: readonly Component[] = [],
  timeout?: number
): Promise<Installation> {
  const processes = await ownProcesses(plane)
  const place = (which: Overlay = overlay, within = timeout): string => folderOf(processes, which, components, within)

  async function apply(which: Overlay = overlay, within = timeout): Promise<void> {
    await plane.kubectl.ok(['apply', '--kustomize', place(which, within)])
    await processes.mountPolicy()
  }

  await apply()
  return { ...processes, apply, place: (which) => place(which) }
}

interface Other {
  /** The folder of another version's manifests, and how many validating webhooks its overlay has. */
  readonly manifests?: string
  readonly validating?: number
  /** The tag of the image. */
  readonly image?: string
}

/** A copy of the overlay's folder that a person could apply, adapted to this machine; see `install`. Of this version's manifests, or of others. */
export function folderOf(
  { folder: work, servicePort, guardPort }: OwnProcesses,
  overlay: Overlay,
  components: readonly Component[] = [],
  timeout?: number,
  { manifests = join(root, 'manifests'), validating, image }: Other = {}
): string {
  const folder = mkdtempSync(join(work, `${overlay}-`))
  const hasGuard = components.includes('guard')
  const ports = [
    { kind: 'MutatingWebhookConfiguration', webhooks: 2, guarded: 0 },
    {
      kind: 'ValidatingWebhookConfiguration',
      webhooks:
        validating ??
        (overlay === 'strict' || overlay === 'earlier' ? 5 : 3) + Number(components.includes('bindings') || hasGuard),
      // New pods and bindings, the first two.
      guarded: hasGuard ? 2 : 0
    }
  ].map(({ kind, webhooks, guarded }) => ({
    target: { kind },
    patch: JSON.stringify(
      Array.from({ length: webhooks }, (_, index) => [
        {
          op: 'replace',
          path: `/webhooks/${index}/clientConfig/service/port`,
          value: index < guarded ? guardPort : servicePort
        },
        ...(timeout === undefined ? [] : [{ op: 'replace', path: `/webhooks/${index}/timeoutSeconds`, value: timeout }])
      ]).flat()
    )
  }))
  const external = [{ op: 'replace', path: '/spec', value: { type: 'ExternalName', externalName: 'localhost' } }]
  const resource = overlay === 'earlier' ? join(root, 'test/fixtures/upgrade') : join(manifests, 'overlays', overlay)
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(folder, resource)],
    components: components.map((name) => relative(folder, join(root, 'manifests/components', name))),
    ...(image === undefined ? {} : { images: [{ name: 'pidguard', newTag: image }] }),
    patches: [{ target: { kind: 'Service' }, patch: JSON.stringify(external) }, ...ports]
  }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  return folder
}

/** What the Secret of the serving certificate holds. */
export async function secretData(plane: ControlPlane): Promise<Record<string, string>> {
  const { data } = await held<{ data: Record<string, string> }>(plane, 'secret/pidguard-tls')
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')])
  )
}

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[]
}

/** One entry for each webhook. */
export async function caBundles(plane: ControlPlane): Promise<string[]> {
  const bundles: string[] = []
  for (const kind of ['mutatingwebhookconfiguration', 'validatingwebhookconfiguration']) {
    const { webhooks } = await held<Configuration>(plane, `${kind}/pidguard`)
    bundles.push(...webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString()))
  }
  return bundles
}

async function held<T>({ kubectl }: ControlPlane, name: string): Promise<T> {
  return JSON.parse(await kubectl.ok(['get', name, `--namespace=${namespace}`, '--output=json']))
}
