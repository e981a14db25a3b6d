import { execFile } from 'node:child_process'
import { resolve } from 'node:path'

const program = resolve(import.meta.dirname, '../../../dist/main.js')

export interface AuditResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the built program's audit of the cluster that the kubeconfig leads to. */
export function audit(kubeconfig: string, ...args: string[]): Promise<AuditResult> {
  const all = [program, 'audit', `--kubeconfig=${kubeconfig}`, ...args]
  return new Promise((done) => {
    execFile(process.execPath, all, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}
