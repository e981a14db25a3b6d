import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { projectFolder } from '../../support/sources.ts'
import type { ControlPlane } from './control-plane.ts'
import type { KubectlResult } from './kubectl.ts'

/** What `doctor` of the built program says of the installation, asked by the administrator. */
export function askDoctor({ folder }: ControlPlane): Promise<KubectlResult> {
  const args = [join(projectFolder, 'dist/main.js'), 'doctor', `--kubeconfig=${join(folder, 'kubeconfig')}`]
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    )
  })
}
