import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { AuditReport } from '../../src/report/audit/audit-report.ts'
import { startControlPlane } from './support/control-plane.ts'
import { missingForNode, startNode, threadsContainer } from './support/node.ts'
import { restricted } from './support/objects.ts'
import { until } from './support/wait.ts'

const program = resolve(import.meta.dirname, '../../dist/main.js')

const missing = missingForNode(process.env)
if (missing === undefined) await drill()
else t.plan(0, `a real kubelet cannot be started here: ${missing}`)

/** Incident 000 on a real kubelet: kubepods is far below its node, and a Deployment wants more than that. */
async function drill(): Promise<void> {
  const plane = await startControlPlane({ controllers: true, scheduler: true })
  t.teardown(() => plane.stop())
  const node = await startNode(plane)
  t.teardown(() => node.stop())

  function audit(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const flags = [`--kubeconfig=${join(plane.folder, 'kubeconfig')}`, `--kubelet-ca=${node.authority}`]
    return new Promise((done) => {
      execFile(process.execPath, [program, 'audit', ...flags, ...args], (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }

  void t.test('the report names the exploding pod first, and the drift second', async (t) => {
    writeFileSync(join(node.kubepods, 'pids.max'), '1500')
    const labels = { app: 'boom' }
    const spec = {
      replicas: 4,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: restricted([threadsContainer(500)]) }
    }
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'boom' }, spec }
    await plane.kubectl.ok(['create', '--filename=-'], JSON.stringify(deployment))
    const { report, code, stdout } = await until(
      'two pods with all their threads',
      async () => {
        const file = join(plane.folder, 'report.json')
        const { code, stdout } = await audit('-o', `json=${file}`, '-o', 'text')
        if (code > 1) return undefined
        const each = JSON.parse(readFileSync(file, 'utf8')) as AuditReport
        const isTold = each.findings.some(({ ruleId, children }) => ruleId === 'pod-thread-outlier' && children >= 2)
        return isTold && each.gaps.length === 0 && { report: each, code, stdout }
      },
      180_000
    )
    t.match(report.actions.slice(0, 2), [
      { ruleId: 'pod-thread-outlier', examples: [{ object: { kind: 'Deployment', name: 'boom' } }] },
      {
        ruleId: 'node-kubepods-drift',
        examples: [{ object: { kind: 'Node', name: node.name }, detail: /kubepods allows 1500/ }]
      }
    ])
    t.match(report.nodes, [
      { kubepods: { limit: 1500 }, kubelet: { podPidsLimit: 'unlimited', reserved: 0 }, missing: [] }
    ])
    t.equal(code, 1)
    t.match(
      stdout,
      /What to do first\n 1\. pod-thread-outlier: Deployment default\/boom: .*\n.*\n 2\. node-kubepods-drift/
    )
  })
}
