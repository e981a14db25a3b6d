import { delimiter, join, resolve } from 'node:path'
import { isProgram } from './programs.ts'

const controlPlane = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
export type Asset = (typeof controlPlane)[number] | 'kubectl'

/** Where each program is, or what is missing and how to get it. Looks at the environment it is given. */
export function findAssets(env: NodeJS.ProcessEnv): { programs: ReadonlyMap<Asset, string> } | { missing: string } {
  if (env.KUBEBUILDER_ASSETS === undefined || env.KUBEBUILDER_ASSETS === '') {
    return { missing: `KUBEBUILDER_ASSETS is not set. ${howToSet}` }
  }
  const folder = resolve(env.KUBEBUILDER_ASSETS)
  const programs = new Map<Asset, string>()
  for (const name of controlPlane) {
    if (isProgram(join(folder, name))) programs.set(name, join(folder, name))
  }
  const folders = [folder, ...(env.PATH ?? '').split(delimiter)]
  const kubectl = folders.map((each) => join(each, 'kubectl')).find(isProgram)
  if (kubectl !== undefined) programs.set('kubectl', kubectl)
  const lacking = [...controlPlane, 'kubectl' as const].filter((name) => !programs.has(name))
  if (lacking.length === 0) return { programs }
  return {
    missing: `KUBEBUILDER_ASSETS=${folder} lacks ${lacking.join(', ')} (kubectl may also be on PATH). ${howToSet}`
  }
}

const howToSet =
  `The end-to-end tests need a folder that holds ${controlPlane.join(', ')} and kubectl, for instance what\n` +
  'setup-envtest prints (with kube-controller-manager and kube-scheduler put beside it): KUBEBUILDER_ASSETS=FOLDER npm run test:e2e'
