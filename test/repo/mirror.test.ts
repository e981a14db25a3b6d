import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder, sourceOf, typescriptFilesOf, withoutComments } from '../support/sources.ts'

/** Files and folders without a test file of their own name, each with the reason. */
const without: Readonly<Record<string, string>> = {
  'commands/audit-formats.ts': 'test/program/audit.test.ts writes every format.',
  'commands/audit.ts': 'test/program/audit.test.ts starts the built program.',
  'commands/calico.ts': 'test/e2e/calico-keeper.test.ts runs it on a real API server.',
  'commands/emit.ts': 'test/program/emit.test.ts starts the built program.',
  'commands/doctor.ts': 'test/e2e/doctor.test.ts runs it on a real API server.',
  'commands/help-text.generated.ts': 'Compared with what commander prints by test/repo/generated.test.ts.',
  'commands/known-cluster.ts': 'test/program/validate.test.ts gives it snapshots and a cluster that does not answer.',
  'commands/inputs/chosen-inputs.ts': 'test/program/inputs.test.ts starts the built program.',
  'commands/inputs/with-project-settings.ts': 'test/program/inputs.test.ts starts the built program.',
  'host/files/kustomize.ts': 'test/program/inputs.test.ts has builders that are there, fail and are missing.',
  'host/files/project-file.ts': 'test/program/inputs.test.ts.',
  'commands/mutate.ts': 'test/program/validate.test.ts starts the built program.',
  'commands/completion/command-words.ts':
    'test/commands/completion/render-completion.test.ts reads commands through it.',
  'commands/flags/': 'Shared options; test/program calls them rightly and wrongly.',
  'commands/policy.ts': 'test/program/policy.test.ts starts the built program.',
  'commands/program/': 'test/program starts the built program.',
  'commands/recommend.ts': 'test/program/top.test.ts starts the built program.',
  'recommend/moments.ts': 'recommend.test.ts reads snapshots by it.',
  'recommend/pool-settings.ts': 'recommend.test.ts has each figure.',
  'recommend/render.ts': 'node-config.test.ts prints every format.',
  'recommend/thread-knobs.ts': 'Texts; node-config.test.ts prints them.',
  'commands/top.ts': 'test/program/top.test.ts starts the built program.',
  'commands/try.ts': 'test/program/serve.test.ts starts the built program.',
  'commands/validate.ts': 'test/program/validate.test.ts starts the built program.',
  'host/audit-child.ts': 'test/program/audit-child.test.ts starts it.',
  'host/local-certificates.ts': 'test/program/serve.test.ts serves with it.',
  'host/log/log.ts': 'test/program/serve.test.ts reads its lines.',
  'host/policy-once.ts': 'test/program/validate.test.ts reads good and bad policies through it.',
  'host/policy-watched.ts':
    'test/program/serve.test.ts changes the file; test/host/poll-files.test.ts has every change.',
  'host/progress-line.ts': 'test/program/audit.test.ts.',
  'host/reading-source.ts': 'test/program/top.test.ts reads from every source.',
  'host/snapshot-file.ts': 'test/program/top.test.ts.',
  'host/stdout.ts': 'test/program starts the built program and reads it.',
  'host/take-snapshot.ts': 'test/program/top.test.ts.',
  'host/version.ts': 'test/repo/version.test.ts.',
  'server/audit-annotations.ts': 'Inside of admission.ts; test/server/admission.test.ts reads every annotation.',
  'kubernetes/calico/write-backend.ts': 'Inside of calico-iptables-backend.ts; its test has every patch.',
  'kubernetes/calico/would-restart.ts':
    'Inside of calico-iptables-backend.ts; its test has both kinds of UPDATE under each strategy.',
  'doctor/waiting/network-pods.ts': 'test/doctor/selector-checks.test.ts has DaemonSets of each kind.',
  'doctor/waiting/selection.ts': 'test/doctor/selector-checks.test.ts has selectors of each kind.',
  'serve/controller/audits/audit-source.ts': 'test/e2e/audit-interval.test.ts reads a real API server with it.',
  'leader/taint-steps.ts': 'test/leader/node-tainter.test.ts has what is written and told.',
  'serve/controller/build-calico-keeper.ts': 'Wiring; test/leader/calico has all that is wired.',
  'serve/controller/audits/build-interval-audits.ts': 'test/e2e/audit-interval.test.ts.',
  'serve/controller/build-near-floor-events.ts':
    'Wiring, by no test; test/leader/near-floor-events.test.ts has all that is wired.',
  'serve/controller/build-node-tainter.ts': 'Wiring; test/e2e/node-taints.test.ts reads the taints.',
  'serve/controller/controller.ts': 'test/program/leading.test.ts starts the built program.',
  'serve/controller/leading.ts': 'test/program/leading.test.ts starts the built program.',
  'serve/controller/node-duties.ts': 'test/program/leading.test.ts reads taints, Events and metrics.',
  'serve/controller/controller-options.ts': 'test/program/leading.test.ts.',
  'serve/process.ts': 'test/program/serve.test.ts starts the built program and stops it.',
  'serve/cluster-watch.ts': 'test/program/fact-source.test.ts serves with a cluster.',
  'serve/cluster-certificates.ts': 'test/e2e/certificates.test.ts.',
  'serve/cluster-facts.ts': 'test/program/fact-source.test.ts serves with a cluster.',
  'serve/fact-source.ts': 'test/program/fact-source.test.ts.',
  'serve/listen.ts': 'test/program/serve.test.ts.',
  'serve/serve-options.ts': 'test/program/serve.test.ts.',
  'serve/serve.ts': 'test/program/serve.test.ts starts the built program.',
  'serve/snapshot-facts.ts': 'test/program/fact-source.test.ts changes the file.',
  'calico/render.ts': 'test/report/calico-advice.test.ts prints both formats.',
  'calico/rollout-commands.ts': 'rollout-steps.test.ts has the commands.',
  'report/calico-node.ts': 'test/report/calico-advice.test.ts prints it.',
  'report/audit/html/sections/recommendations.ts': 'A section of the page; test/report/audit/html/page.test.ts.',
  'report/audit/html/sections/calico.ts':
    'test/audit/build-report.test.ts looks for its rows; the golden page has them.',
  'kubernetes/pods/template-places.ts': 'A table; test/validate/validate.test.ts has kinds of each sort.',
  'yaml/mistake.ts': 'json-locator.test.ts and read-document.test.ts have what it says.',
  'main.ts': 'It is the process; test/program starts the built program.',
  'readings/prometheus/near-limit-queries.ts': 'prometheus-readings.test.ts reads by these queries.',
  'snapshot/snapshot-schema.ts': 'snapshot.test.ts reads and writes by it.',
  'emit/': 'test/emit/emit.test.ts and cel.test.ts have its shape, test/e2e/emit.test.ts its verdicts.',
  'audit/passes/judge-objects.ts': 'A pass of an audit; test/audit/build-report.test.ts runs all of them.',
  'audit/passes/read-facts.ts': 'A pass of an audit; test/audit/build-report.test.ts runs all of them.',
  'audit/passes/read-nodes.ts': 'A pass of an audit; test/audit/build-report.test.ts runs all of them.',
  'audit/fleet/gaps.ts': 'The gaps of a report; test/audit/build-report.test.ts.',
  'audit/subject-judge.ts': 'Used by the third pass; test/audit/build-report.test.ts.',
  'audit/listed-kinds.ts':
    'Names; build-report.test.ts lists by them, test/e2e/audit.test.ts does so at a real API server.',
  'audit/fleet/fleet-rows.ts': 'The lists of a report; test/audit/build-report.test.ts.',
  'audit/finding-counts.ts': 'The counts of a report; test/audit/build-report.test.ts.',
  'rules/index.ts': 'The list; test/repo and the fixtures go through it.',
  'server/status.ts': 'One shape; test/server/admission-listener.test.ts and build-server.test.ts read it back.',
  'kubernetes/annotations.ts': 'Names only.',
  'headroom/ledger/entries.ts': 'What the ledger holds; ledger.test.ts counts all of it anew.',
  'headroom/assess/one-packing.ts': 'Inside of packing.ts; packing.test.ts.',
  'headroom/assess/quick-fit.ts': 'Inside of packing.ts; packing.test.ts holds its answers to trying all placements.',
  'headroom/ledger/node-book.ts': 'Inside of ledger.ts; decisions.test.ts has every kind of reading.',
  'headroom/ledger/pod-book.ts': 'Inside of ledger.ts; ledger.test.ts recounts it after every event.',
  'headroom/ledger/reading-shares.ts': 'Inside of ledger.ts; decisions.test.ts has every kind of reading.',
  'headroom/ledger/sums.ts': 'Inside of ledger.ts; ledger.test.ts counts every sum anew after every event.',
  'browser/': 'test/browser drives it in a browser.',
  'report/audit/html/script.generated.ts':
    'Made from src/browser/report.ts by npm run docs; test/browser drives it in a browser.',
  'report/audit/html/style.ts': 'test/browser looks at it on several screens and on paper.',
  'report/audit/html/sections/findings.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/audit/html/sections/summary.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/audit/html/sections/node-charts.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/audit/html/sections/nodes.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/audit/html/sections/pods.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/audit/html/sections/changes.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'report/audit/html/sections/not-checked.ts': 'A part of audit-html.ts; its test and the golden pages.',
  'doctor/webhook-checks.ts': 'Inside of diagnose.ts; diagnose.test.ts has every case.',
  'doctor/replicas/replica-checks.ts': 'Inside of diagnose.ts; diagnose.test.ts has every case.',
  'validate/collect-findings.ts': 'Inside of validate.ts; validate.test.ts.',
  'validate/object-judge.ts': 'Inside of validate.ts; validate.test.ts.',
  'kubernetes/pods/template-stand-in.ts':
    'Inside of object-judge.ts; validate.test.ts checks templates of other kinds.',
  'kubernetes/kind-mistake.ts': 'test/validate/validate.test.ts has every kind of mistake.',
  'kubernetes/pods/pod-templates.ts': 'test/validate/validate.test.ts finds templates through it.',
  'host/files/find-files.ts': 'Inside of input-files.ts; input-files.test.ts.',
  'host/files/file-text.ts': 'Inside of input-files.ts; input-files.test.ts.',
  'host/files/left-out.ts': 'Inside of input-files.ts; input-files.test.ts.',
  'host/files/source-files.ts': 'Inside of input-files.ts; input-files.test.ts.',
  'validate/read-input-facts.ts':
    'Inside of validate.ts; validate.test.ts has facts before, behind and between objects.',
  'validate/repeats.ts': 'Inside of validate.ts; validate.test.ts.',
  'host/files/file-error.ts': 'Inside of input-files.ts; input-files.test.ts.',
  'yaml/edit/': 'Inside of edit-yaml.ts and edit-json.ts; their tests have every edit.',
  'yaml/plain-yaml.ts': 'test/policy/document/read-plain-policy.test.ts holds it to the other reader of policies.',
  'yaml/go-yaml-reader.ts': 'js-yaml-reader.test.ts holds it to the fast parser, read.test.ts to kubectl.',
  'rules/docs/readme.ts': 'Compared as a whole with src/rules/README.md by test/repo/generated.test.ts.',
  'doctor/read-installation.ts': 'Reads only; test/e2e/doctor.test.ts reads a real API server with it.',
  'lib/back-off.ts': 'Inside of reflector.ts; reflector.test.ts has its waits.',
  'kube/cache/list-cluster.ts':
    'The same pages and kinds as the caches; test/e2e/kube-caches.test.ts reads a real API server with it.',
  'kube/credentials.ts': 'client.test.ts goes through both kinds.',
  'lib/string-interner.ts': 'Inside of pod-kind.ts; cached-kinds.test.ts.',
  'kube/kube-error.ts': 'client.test.ts has every failure.',
  'kube/paged-list.ts': 'Inside of reflector.ts; reflector.test.ts has every way a page can be wrong.',
  'kube/cache/cached-pods.ts': 'cached-kinds.test.ts.',
  'kube/cache/cluster-caches.ts':
    'Wiring of reflectors; cached-kinds.test.ts has its index, test/e2e/kube-caches.test.ts the whole.',
  'lib/transport-error.ts': 'kube/client.test.ts and readings/kubelet/kubelet-readings.test.ts have every failure.',
  'readings/kubelet/kubelet-client.ts': 'Inside of kubelet-readings.ts; kubelet-readings.test.ts.',
  'readings/kubelet/malformed-text.ts': 'cadvisor-text.test.ts throws it.',
  'readings/kubelet/series-labels.ts': 'Inside of cadvisor-text.ts; cadvisor-text.test.ts.',
  'readings/kubelet/slow-node-lanes.ts': 'Inside of kubelet-readings.ts; kubelet-readings.test.ts.',
  'readings/prometheus/ceiling-queries.ts': 'prometheus-readings.test.ts reads by these queries.',
  'readings/prometheus/node-draft.ts': 'Inside of prometheus-readings.ts; prometheus-readings.test.ts.',
  'readings/prometheus/one-source.ts': 'Inside of prometheus-readings.ts; prometheus-readings.test.ts forges series.',
  'readings/prometheus/node-of-series.ts': 'Inside of prometheus-readings.ts; prometheus-readings.test.ts.',
  'readings/prometheus/prometheus-client.ts': 'Inside of prometheus-readings.ts; prometheus-readings.test.ts.',
  'snapshot/snapshot-document.ts': 'snapshot.test.ts.',
  'headroom/assess/headroom-query.ts': 'Inside of headroom.ts; headroom.test.ts has every question.',
  'server/review-log-line.ts': 'Inside of admission.ts; admission.test.ts reads every field.',
  'top/top-rows.ts': 'top.test.ts shows every figure.',
  'top/node-holders.ts': 'top.test.ts shows what it finds.',
  'audit/fleet/biggest-workload.ts': 'Used by fleet-sums.ts; its test has every figure.',
  'audit/fleet/node-figures.ts': 'Used by fleet-sums.ts; its test has every figure.',
  'policy/policy.ts': 'Types and two names.',
  'policy/default-settings.ts': 'Values; default-document.test.ts holds them to the default document.',
  'policy/policy-of-document.ts': 'read-policy.test.ts and policy-resolver.test.ts go through it.',
  'policy/document/field-types.ts':
    'Inside of schema.ts; schema.test.ts has each kind of value on both sides of its limits.',
  'policy/document/without-nulls.ts': 'Inside of yaml-source.ts; yaml-source.test.ts.',
  'policy/document/profile-fields.ts': 'Inside of schema.ts; schema.test.ts.',
  'policy/document/settings-fields.ts': 'Inside of schema.ts; schema.test.ts.',
  'policy/inherit-settings.ts': 'Inside of read-policy.ts; policy-resolver.test.ts has what overrides inherit.',
  'policy/namespace-match.ts': 'Inside of policy-resolver.ts; policy-resolver.test.ts.',
  'policy/document/policy-error.ts': 'Inside of read-policy.ts; read-policy.test.ts reads every message.'
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

void t.test('the tests that stand in for one are there', async (t) => {
  const written = typescriptFilesOf('test').map((file) => `/test/${file}`)
  for (const [file, reason] of Object.entries(without)) {
    for (const [test] of reason.matchAll(/[\w./-]+\.test\.ts/g)) {
      t.ok(
        written.some((path) => path.endsWith(`/${test}`)),
        `${file}: ${test}`
      )
    }
  }
})

void t.test('what is excused exists', async (t) => {
  for (const place of Object.keys(without)) t.ok(existsSync(join(projectFolder, 'src', place)), place)
})

void t.test('a file of types is told from one with code', async (t) => {
  t.equal(isTypesOnly(sourceOf('lib/units.ts')), true)
  t.equal(isTypesOnly(sourceOf('kubernetes/types.ts')), true)
  t.equal(isTypesOnly(sourceOf('ports/runtime.ts')), true)
  t.equal(isTypesOnly(sourceOf('policy/settings.ts')), true)
  t.equal(isTypesOnly(sourceOf('lib/json/pointer.ts')), false)
  t.equal(isTypesOnly(sourceOf('model/finding.ts')), false)
})
