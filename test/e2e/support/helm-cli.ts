import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { isRecord } from '../../../src/lib/json/shape.ts'
import { chartFolder } from '../../support/helm.ts'
import type { ControlPlane } from './control-plane.ts'
import type { KubectlResult } from './kubectl.ts'

/** Helm as the administrator of a control plane, with no file of the user who runs the tests. */
export function helmOf(plane: ControlPlane, program: string): (...args: string[]) => Promise<KubectlResult> {
  const home = join(plane.folder, 'helm')
  mkdirSync(home, { recursive: true })
  const env = { HOME: home, PATH: process.env.PATH, KUBECONFIG: join(plane.folder, 'kubeconfig') }
  return (...args) =>
    new Promise((resolve, reject) => {
      execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error)
        else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
}

/** A copy of the chart whose Services and webhooks lead to that port of this machine, as `install` does with kustomize. */
export function chartFor(folder: string, servicePort: number): string {
  const chart = join(folder, 'chart')
  cpSync(chartFolder, chart, { recursive: true })
  for (const name of readdirSync(join(chart, 'files'))) {
    const file = join(chart, 'files', name)
    const text = stringify(redirected(parse(readFileSync(file, 'utf8')), servicePort), {
      lineWidth: 0,
      aliasDuplicateObjects: false
    })
    writeFileSync(file, text)
  }
  return chart
}

function redirected(value: unknown, port: number): unknown {
  if (Array.isArray(value)) return value.map((each) => redirected(each, port))
  if (!isRecord(value)) return value
  if (value['kind'] === 'Service' && isRecord(value['spec']))
    return { ...value, spec: { type: 'ExternalName', externalName: 'localhost' } }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === 'clientConfig' && isRecord(each) && isRecord(each['service'])
        ? { ...each, service: { ...each['service'], port } }
        : redirected(each, port)
    ])
  )
}
