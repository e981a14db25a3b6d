import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { projectFolder, sourceOf, typescriptFilesOf } from '../support/sources.ts'
import { textsOf, wordsOutOf } from '../support/words.ts'

/** How many are still left in each file. They only ever become fewer. */
const left: Readonly<Record<string, number>> = {
  'README.md': 2,
  'SECURITY.md': 1,
  'manifests/audit.schema.json': 6,
  'manifests/base/policy.yaml': 4,
  'manifests/components/monitoring/alerts-admission.yaml': 1,
  'manifests/components/monitoring/alerts-nodes.yaml': 1,
  'manifests/components/monitoring/alerts-program.yaml': 1,
  'manifests/components/monitoring/dashboard.json': 7,
  'manifests/findings.schema.json': 3,
  'manifests/overlays/observe/policy.yaml': 4,
  'manifests/policy.schema.json': 3,
  'manifests/policy.yaml': 4,
  'src/commands/help-text.generated.ts': 1,
  'src/commands/program.ts': 3,
  'src/doctor/diagnose.ts': 4,
  'src/doctor/headroom-checks.ts': 2,
  'src/doctor/probe-checks.ts': 1,
  'src/doctor/selector-checks.ts': 1,
  'src/doctor/webhook-checks.ts': 1,
  'src/errors.ts': 4,
  'src/leader/kube-node-events.ts': 2,
  'src/leader/near-floor-events.ts': 5,
  'src/leader/node-tainter.ts': 1,
  'src/policy/document/default-document.ts': 4,
  'src/policy/document/schema.ts': 2,
  'src/ports/node-actions.ts': 2,
  'src/report/audit/html/cells.ts': 1,
  'src/report/audit/html/page.ts': 1,
  'src/report/audit/html/script.generated.ts': 1,
  'src/report/audit/html/sections/findings.ts': 3,
  'src/report/audit/phrases.ts': 2,
  'src/report/audit/policy-report.ts': 1,
  'src/report/validate-report.ts': 1,
  'src/rules/best-effort.ts': 1,
  'src/rules/calico-backend-conflict.ts': 1,
  'src/rules/calico-revision-drift.ts': 2,
  'src/rules/node-exporter-processes.ts': 1,
  'src/rules/node-kubepods-drift.ts': 1,
  'src/rules/node-pid-max.ts': 2,
  'src/rules/node-pid-reservation.ts': 1,
  'src/rules/pid-binding.ts': 1,
  'src/rules/pod-thread-outlier.ts': 1,
  'src/rules/runtime-thread-cap.ts': 1,
  'src/serve/cluster-facts.ts': 1,
  'src/server/admission-listener.ts': 2,
  'src/server/metrics/audit-metrics.ts': 2,
  'src/server/metrics/metrics.ts': 3,
  'src/validate/baseline.ts': 1,
  'src/validate/collect-findings.ts': 1
}

/** Text that users read and that no code makes. */
const pages = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(projectFolder, 'manifests'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)))
]

const found = new Map<string, readonly string[]>([
  ...typescriptFilesOf('src').map((file) => [`src/${file}`, textsOf(sourceOf(file)).flatMap(wordsOutOf)] as const),
  ...pages.map((page) => [page, wordsOutOf(readFileSync(join(projectFolder, page), 'utf8'))] as const)
])

void t.test('what a user reads has no word that is out', async (t) => {
  for (const [file, words] of found) {
    const allowed = left[file] ?? 0
    if (words.length > allowed)
      t.fail(`${file}: ${words.length} words that are out, at most ${allowed} are left to change`, { words })
    else if (words.length > 0) t.comment(`${file}: ${words.length} left`)
  }
  t.ok(found.size > 300)
})

void t.test('texts are found in code, and only those', async (t) => {
  const code = [
    "import { a } from './whoever.ts'",
    '// told in a comment',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code as text.
    '/* anew */ const x = `mend ${told} it`',
    "const url = 'https://nobody.example' // heeded",
    "const re = /it's told/.test(y), z = 'some' + \"whatever\""
  ].join('\n')
  t.strictSame(textsOf(code), ['`mend … it`', "'https://nobody.example'", "'some'", '"whatever"'])
  t.strictSame(textsOf(code).flatMap(wordsOutOf), ['`mend … it`', "'https://nobody.example'", '"whatever"'])
  t.strictSame(wordsOutOf('amended, retold, Mended'), ['amended, retold, Mended'])
  t.strictSame(wordsOutOf('amended, retold'), [])
})
