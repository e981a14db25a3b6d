import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ControlPlane } from './control-plane.ts'

/** A kubeconfig of a new service account that has these rights cluster-wide, and no others. */
export async function limitedUser(
  plane: ControlPlane,
  namespace: string,
  name: string,
  rules: readonly object[]
): Promise<string> {
  await plane.kubectl.ok(['create', 'serviceaccount', name, `-n=${namespace}`])
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  for (const object of [
    { kind: 'ClusterRole', metadata: { name }, rules },
    { kind: 'ClusterRoleBinding', metadata: { name }, roleRef, subjects }
  ]) {
    await plane.kubectl.ok(
      ['create', '--filename=-'],
      JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', ...object })
    )
  }
  return kubeconfigOf(plane, namespace, name)
}

/** A kubeconfig of a service account that is there. */
export async function kubeconfigOf(plane: ControlPlane, namespace: string, name: string): Promise<string> {
  const spec = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } }
  const { body } = await plane.api.post(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, spec)
  const file = join(plane.folder, `${name}.kubeconfig`)
  const config = JSON.parse(readFileSync(join(plane.folder, 'kubeconfig'), 'utf8'))
  writeFileSync(file, JSON.stringify({ ...config, users: [{ name: 'admin', user: { token: body.status?.token } }] }))
  return file
}
