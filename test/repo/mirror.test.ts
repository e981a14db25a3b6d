import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder, sourceOf, typescriptFilesOf, withoutComments } from '../support/sources.ts'

/** Files and folders without a test file of their own name, each with the reason. */
const without: Readonly<Record<string, string>> = {
  'main.ts': 'It is the process; test/compose starts the built program.',
  'compose/': 'Wiring without logic; test/compose starts the built program.',
  'audit/cluster.ts': 'Inside of run.ts; audit.test.ts.',
  'audit/gaps.ts': 'Inside of run.ts; audit.test.ts.',
  'audit/kinds.ts': 'Names; audit.test.ts lists by them, test/e2e/audit.test.ts does so at a real API server.',
  'audit/rows.ts': 'Inside of audit.ts; audit.test.ts.',
  'audit/run.ts': 'Inside of audit.ts; audit.test.ts.',
  'audit/summary.ts': 'Inside of audit.ts; audit.test.ts.',
  'rules/index.ts': 'The list; test/repo and the fixtures go through it.',
  'server/status.ts': 'One shape; test/server/listener.test.ts and build-server.test.ts read it back.',
  'model/annotations.ts': 'Names only.',
  'headroom/entries.ts': 'What the ledger holds; ledger.test.ts counts all of it anew.',
  'headroom/sums.ts': 'Inside of ledger.ts; ledger.test.ts counts every sum anew after every event.',
  'browser/report.ts': 'test/browser drives it in a browser.',
  'report/html/script.ts': 'Made from src/browser/report.ts by npm run docs; test/browser drives it in a browser.',
  'report/html/style.ts': 'test/browser looks at it on several screens and on paper.',
  'report/html/findings.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/html/first.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/html/node-charts.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/html/nodes.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/html/pods.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/html/since.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/html/unseen.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'cli/doctor-webhooks.ts': 'Inside of doctor-checks.ts; doctor-checks.test.ts has every case.',
  'cli/doctor-replicas.ts': 'Inside of doctor-checks.ts; doctor-checks.test.ts has every case.',
  'cli/documents.ts': 'Inside of validate.ts; validate.test.ts reads every kind of input through it.',
  'cli/findings.ts': 'Inside of validate.ts; validate.test.ts.',
  'cli/verdicts.ts': 'Inside of validate.ts; validate.test.ts.',
  'manifests/find-place.ts': 'fast.test.ts holds every place it finds to those of the other two ways.',
  'manifests/locate.ts': 'read.test.ts finds fields through it.',
  'manifests/slow.ts': 'fast.test.ts holds it to the fast parser, read.test.ts to kubectl.',
  'cli/rules-doc.ts': 'Compared as a whole with src/rules/README.md by test/repo/generated.test.ts.',
  'kube/installation.ts': 'Reads only; test/e2e/doctor.test.ts reads a real API server with it.',
  'kube/back-off.ts': 'Inside of reflector.ts; reflector.test.ts has its waits.',
  'kube/collect.ts':
    'The same pages and kinds as the caches; test/e2e/kube-caches.test.ts reads a real API server with it.',
  'kube/credentials.ts': 'client.test.ts goes through both kinds.',
  'kube/intern.ts': 'Inside of pod-kind.ts; kinds.test.ts.',
  'kube/kube-error.ts': 'client.test.ts has every failure.',
  'kube/pages.ts': 'Inside of reflector.ts; reflector.test.ts has every way a page can be wrong.',
  'kube/pod-kind.ts': 'kinds.test.ts.',
  'kube/caches.ts': 'Wiring of reflectors; kinds.test.ts has its index, test/e2e/kube-caches.test.ts the whole.',
  'model/transport-error.ts': 'kube/client.test.ts and sources/kubelet.test.ts have every failure.',
  'sources/kubelet-client.ts': 'Inside of kubelet.ts; kubelet.test.ts.',
  'sources/lanes.ts': 'Inside of kubelet.ts; kubelet.test.ts.',
  'sources/node-names.ts': 'Inside of prometheus.ts; prometheus.test.ts.',
  'sources/prometheus-client.ts': 'Inside of prometheus.ts; prometheus.test.ts.',
  'sources/snapshot-file.ts': 'snapshot.test.ts.',
  'headroom/look.ts': 'Inside of headroom.ts; headroom.test.ts has every question.',
  'server/review-line.ts': 'Inside of admission.ts; admission.test.ts reads every field.',
  'cli/top-rows.ts': 'top.test.ts shows every figure.',
  'policy/policy.ts': 'Types and two names.',
  'policy/defaults.ts': 'Values; default-policy.test.ts holds them to the default document.',
  'policy/document.ts': 'Inside of load.ts; load.test.ts and resolve.test.ts go through it.',
  'policy/field-values.ts': 'Inside of schema.ts; schema.test.ts has each kind of value on both sides of its limits.',
  'policy/fields.ts': 'Inside of schema.ts; schema.test.ts.',
  'policy/layers.ts': 'Inside of load.ts; resolve.test.ts has what overrides inherit.',
  'policy/namespace-match.ts': 'Inside of resolve.ts; resolve.test.ts.',
  'policy/policy-error.ts': 'Inside of load.ts; load.test.ts reads every message.'
}

/** Whether nothing of the file is left at run time. */
function isTypesOnly(code: string): boolean {
  const left = withoutComments(code)
    .replace(/^(import|export) type \{[^}]*\}( from '[^']*')?$/gm, '')
    .replace(/^(export )?interface [\s\S]*?^\}$/gm, '')
    .replace(/^(export )?type \w+(<.*>)? =[\s\S]*?(?=\n\n|\nexport|\s*$(?![\s\S]))/gm, '')
  return left.trim() === ''
}

/** A file that no test loads is not counted by the coverage report, so this test stands guard. */
void t.test('every source file has the test file that mirrors it', async (t) => {
  for (const file of typescriptFilesOf('src')) {
    const isExcused = Object.keys(without).some(
      (place) => file === place || (place.endsWith('/') && file.startsWith(place))
    )
    if (isExcused || isTypesOnly(sourceOf(file))) continue
    const mirror = join('test', file.replace(/\.ts$/, '.test.ts'))
    t.ok(existsSync(join(projectFolder, mirror)), mirror)
  }
})

void t.test('what is excused exists', async (t) => {
  for (const place of Object.keys(without)) t.ok(existsSync(join(projectFolder, 'src', place)), place)
})

void t.test('a file of types is told from one with code', async (t) => {
  t.equal(isTypesOnly(sourceOf('model/units.ts')), true)
  t.equal(isTypesOnly(sourceOf('model/kubernetes.ts')), true)
  t.equal(isTypesOnly(sourceOf('ports.ts')), true)
  t.equal(isTypesOnly(sourceOf('policy/settings.ts')), true)
  t.equal(isTypesOnly(sourceOf('model/pointer.ts')), false)
  t.equal(isTypesOnly(sourceOf('model/finding.ts')), false)
})
