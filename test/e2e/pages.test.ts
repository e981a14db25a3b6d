// What README and pages give to be typed for a cluster, typed as it stands there against a real one. Other tests run the rest:
// test/program/docs.test.ts what needs no cluster, and those that are named below.
import { execFile } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import t from 'tap'
import { helm, helmSince } from '../support/helm.ts'
import { commandsOf, pageText, userPages } from '../support/pages.ts'
import { findAssets } from './support/assets.ts'
import { startControlPlane } from './support/control-plane.ts'
import { defineKinds } from './support/custom-kinds.ts'
import { addNode } from './support/fleet.ts'

const root = resolve(import.meta.dirname, '../..')

/** In the order of an installation's life, as no page has them all. `codes`: what it may end with, 0 where it is left out. */
const steps: readonly { readonly command: RegExp; readonly codes?: readonly number[]; readonly since?: number }[] = [
  { command: /^kubectl apply -k my-pidguard$/ },
  { command: /^kubectl label namespace / },
  { command: /^kubectl annotate --overwrite -n kube-system daemonset calico-node / },
  { command: /^kubectl create clusterrole(binding)? / },
  // ValidatingAdmissionPolicies of v1.
  { command: /^pidguard emit .*\| kubectl apply -f -$/, since: 30 },
  { command: /^kubectl get events / },
  // Findings make 1, a part that could not be read 4; no pod of pidguard runs here, and kubelets are not real.
  { command: /^pidguard (audit|calico|doctor)\b/, codes: [0, 1, 4] },
  // No kubelet here has a certificate that this reader trusts.
  { command: /^pidguard top\b/, codes: [3] },
  { command: /^kubectl delete (clusterpolicyreports|policyreports|reports)/ },
  { command: /^kubectl taint nodes --all / },
  { command: /^kubectl get nodes -o name \| xargs .* kubectl patch / },
  { command: /^kubectl scale / },
  { command: /^kubectl delete mutatingwebhookconfigurations,/ },
  { command: /^kubectl delete validatingadmissionpolicybindings /, since: 30 },
  { command: /^kubectl delete mutatingadmissionpolicybindings /, since: 36 },
  { command: /^kubectl delete -k my-pidguard / },
  { command: /^kubectl delete clusterrolebinding / },
  { command: /^helm install /, since: helmSince }
]

/** What another test runs, or what runs nothing of ours. */
const elsewhere: readonly RegExp[] = [
  // test/program: without a cluster.
  /^npm (start|run )/,
  /\| pidguard validate/,
  /^pidguard (validate|policy|recommend)\b/,
  // test/e2e/image.test.ts builds and runs the image; a registry is not here.
  /^docker build /,
  // test/e2e/headroom.test.ts, without a terminal.
  /^kubectl debug node\//,
  // docs/releases.md: there is no release that could be verified yet. test/repo/release.test.ts makes the sums.
  /^(cosign|gh|docker buildx|sha256sum) /,
  // A formula.
  /^free = /
]

const found = findAssets(process.env)
if ('missing' in found) throw new Error(found.missing)
const plane = await startControlPlane({ controllers: true })
t.teardown(() => plane.stop())
const { kubectl } = plane

const folder = join(plane.folder, 'reader')
mkdirSync(join(folder, 'bin'), { recursive: true })
mkdirSync(join(folder, 'my-pidguard'))
mkdirSync(join(folder, 'dump'))
cpSync(join(root, 'manifests'), join(folder, 'manifests'), { recursive: true })
for (const [from, to] of [
  ['manifests/policy.yaml', 'policy.yaml'],
  ['manifests/examples/policy-nft.yaml', 'new.yaml'],
  ['manifests/examples/snapshot.yaml', 'nodes.yaml'],
  ['manifests/examples/first-look.yaml', 'dump/first-look.yaml']
] as const) {
  cpSync(join(root, from), join(folder, to))
}
const [, kustomization = ''] =
  /```yaml\n( *# my-pidguard\/kustomization\.yaml\n[\s\S]*?)```/.exec(pageText('docs/install.md')) ?? []
writeFileSync(join(folder, 'my-pidguard/kustomization.yaml'), withNames(kustomization))
for (const [name, program] of Object.entries({
  pidguard: `'${process.execPath}' '${join(root, 'dist/main.js')}'`,
  kubectl: `'${found.programs.get('kubectl') ?? 'kubectl'}'`,
  ...(helm === undefined ? {} : { helm: `'${resolve(helm)}'` })
})) {
  const file = join(folder, 'bin', name)
  // A program on PATH by its own name, or by the path it was found under.
  writeFileSync(file, `#!/bin/sh\nPATH='${process.env.PATH}'\nexec ${program} "$@"\n`)
  chmodSync(file, 0o755)
}

/** With the names that a reader puts in. */
function withNames(text: string): string {
  return text
    .replaceAll('REGISTRY', 'registry.example')
    .replace(/namespace NAME/, 'namespace shop')
    .replace(/--node NAME/, '--node n1')
}

function type(command: string): Promise<{ readonly code: number; readonly output: string }> {
  const env = {
    PATH: [join(folder, 'bin'), '/usr/bin', '/bin'].join(delimiter),
    HOME: join(plane.folder, 'home'),
    KUBECONFIG: join(plane.folder, 'kubeconfig')
  }
  return new Promise((answer) => {
    execFile('sh', ['-c', withNames(command)], { cwd: folder, env }, (error, stdout, stderr) => {
      answer({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })
}

await plane.createNamespace('shop')
await addNode(t, plane, 'n1', { limit: 5000, inUse: 100 })
await kubectl.ok(['taint', 'nodes', 'n1', 'pidguard.io/low-pids=:NoSchedule'])
await defineKinds(kubectl, [
  { group: 'wgpolicyk8s.io', version: 'v1alpha2', kind: 'PolicyReport' },
  { group: 'wgpolicyk8s.io', version: 'v1alpha2', kind: 'ClusterPolicyReport', scope: 'Cluster' },
  { group: 'openreports.io', version: 'v1alpha1', kind: 'Report' },
  { group: 'openreports.io', version: 'v1alpha1', kind: 'ClusterReport', scope: 'Cluster' },
  // Kinds of one's own, as docs/policy.md names them.
  { group: 'example.com', version: 'v1', kind: 'Widget' },
  { group: 'example.com', version: 'v1', kind: 'Gadget' }
])
const labels = { 'k8s-app': 'calico-node' }
await kubectl.create({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'calico-node', namespace: 'kube-system' },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: 'calico-node', image: 'example.com/node:v3.31.0' }] }
    }
  }
})

const commands = [...new Set(userPages.flatMap(commandsOf).map(({ command }) => command))]
const here = commands.filter((command) => !elsewhere.some((each) => each.test(command)))

void t.test('each command of the pages is run here or by another test', async (t) => {
  for (const command of here)
    t.ok(
      steps.some((step) => step.command.test(command)),
      command
    )
  for (const { command } of steps)
    t.ok(
      here.some((each) => command.test(each)),
      `${command} is on a page`
    )
  for (const each of elsewhere)
    t.ok(
      commands.some((command) => each.test(command)),
      `${each} is on a page`
    )
})

for (const step of steps) {
  for (const command of here.filter((each) => step.command.test(each))) {
    const lacks =
      (plane.version.minor < (step.since ?? 0) && `needs v1.${step.since}`) ||
      (command.startsWith('helm ') && helm === undefined && 'no Helm is there')
    void t.test(command, { skip: lacks }, async (t) => {
      const { code, output } = await type(command)
      t.ok((step.codes ?? [0]).includes(code), `exit code ${code}: ${output.slice(-2000)}`)
      t.notMatch(output, /\n {4}at /, 'no stack')
    })
  }
}
