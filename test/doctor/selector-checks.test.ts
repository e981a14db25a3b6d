import t from 'tap'
import type { RegisteredWebhook } from '../../src/doctor/read-installation.ts'
import { type SelectorFacts, selectorChecks } from '../../src/doctor/selector-checks.ts'
import { installationOf, namespaceOf, outside, registered, soundSecret } from '../support/installations.ts'
import { calicoObject } from '../support/subjects.ts'

const base = ['kube-system', 'pidguard-system']

/** The overlay strict, with the policy's and the webhook's lists of namespaces as given. */
function strict(change: Partial<SelectorFacts>, namespaceSelector = outside(...base)): SelectorFacts {
  return installationOf({ ...guarded({ namespaceSelector, failurePolicy: 'Fail' }), ...change })
}

function guarded(change: Partial<RegisteredWebhook>): Partial<SelectorFacts> {
  return registered({ 'validate.pidguard.io': change })
}

function named(...names: readonly string[]): Pick<SelectorFacts, 'namespaces'> {
  return { namespaces: [...base, 'shop', ...names].map((name) => namespaceOf(name)) }
}

const felix = calicoObject({ metadata: { namespace: 'cni' } })
const mounting = (namespace: string, path: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'flannel', namespace },
  spec: { template: { spec: { containers: [{ name: 'app' }], volumes: [{ name: 'cni', hostPath: { path } }] } } }
})
const flannel = mounting('kube-flannel', '/etc/cni/net.d')
const notCalico = { matchExpressions: [{ key: 'k8s-app', operator: 'NotIn', values: ['calico-node'] }] } as const
const byCertManager = { ...soundSecret, annotations: { 'cert-manager.io/certificate-name': 'pidguard' } }
const injected = registered().mutating.map((each) => ({
  ...each,
  metadata: { ...each.metadata, annotations: { 'cert-manager.io/inject-ca-from': 'pidguard-system/pidguard' } }
}))
const [everybody, unlabelled] = [{ matchLabels: {}, matchExpressions: [] }, { metadata: { name: 'kube-system' } }]
const ignore = 'pidguard.io/admission=ignore'

const cases: { name: string; facts: SelectorFacts; want: [level: string, found: RegExp, remedy: string | RegExp][] }[] =
  [
    { name: 'as installed', facts: installationOf(), want: [] },
    { name: 'strict as installed', facts: strict({}), want: [] },
    {
      name: 'v1.20 without the label of the name',
      facts: installationOf({ namespaces: [unlabelled] }),
      want: ['mutate', 'validate'].map(() => [
        'info',
        /^is called for pods of kube-system, and lets them pass$/,
        'kubectl label namespace kube-system kubernetes.io/metadata.name=kube-system'
      ])
    },
    {
      name: 'the same, and it fails',
      facts: installationOf({
        ...registered({ 'mutate.pidguard.io': { rules: [] }, 'validate.pidguard.io': { failurePolicy: 'Fail' } }),
        namespaces: [unlabelled]
      }),
      want: [['error', /^pods of kube-system wait for pidguard: neither/, /metadata\.name=kube-system$/]]
    },
    {
      name: 'a selector that was emptied: only applying it again helps',
      facts: strict(named(), everybody),
      want: [
        ['error', /^pods of pidguard-system wait for pidguard: neither/, /kubectl apply -k/],
        ['error', /^pods of kube-system wait for pidguard: neither/, /kubectl apply -k/]
      ]
    },
    {
      name: 'a selector that has lost names: they are labelled already, another label helps',
      facts: strict(named(), outside('pidguard-system')),
      want: [['error', /^pods of kube-system wait/, `kubectl label namespace kube-system ${ignore}`]]
    },
    {
      name: 'the policy names a namespace more than strict leaves out',
      facts: strict({ ...named('vault'), systemNamespaces: [...base, 'vault'] }),
      want: [
        [
          'error',
          /^pods of vault wait for pidguard, though the policy leaves them alone$/,
          `kubectl label namespace vault ${ignore}`
        ]
      ]
    },
    {
      name: 'by a pattern, several: one line',
      facts: strict({ ...named('openshift-dns', 'openshift-etcd'), systemNamespaces: ['openshift-*'] }),
      want: [
        [
          'error',
          /^pods of openshift-dns, openshift-etcd wait/,
          `kubectl label namespace openshift-dns openshift-etcd ${ignore}`
        ]
      ]
    },
    {
      name: 'ten are named, and one more is counted; the remedy has all',
      facts: strict({
        ...named(...Array.from({ length: 11 }, (_, index) => `sys-${index}`)),
        systemNamespaces: ['sys-*']
      }),
      want: [['error', /^pods of sys-0, .*, sys-9 and 1 more wait/, /sys-9 sys-10 pidguard/]]
    },
    {
      name: 'it is labelled as it should be',
      facts: strict({
        namespaces: [namespaceOf('vault', { 'pidguard.io/admission': 'ignore' })],
        systemNamespaces: ['vault']
      }),
      want: [['info', /^1 left out by/, '']]
    },
    {
      name: 'where nothing fails, nobody waits',
      facts: installationOf({ ...named('vault'), systemNamespaces: [...base, 'vault'] }),
      want: []
    },
    {
      name: 'a policy that is not known names nobody',
      facts: strict({ ...named('vault'), systemNamespaces: undefined }),
      want: []
    },
    { name: 'cert-manager beside a Secret of our own', facts: strict(named('cert-manager')), want: [] },
    {
      name: 'cert-manager, which keeps the Secret',
      facts: strict({ ...named('cert-manager'), secret: byCertManager }),
      want: [
        [
          'error',
          /^pods of cert-manager wait for pidguard, which waits for/,
          `kubectl label namespace cert-manager ${ignore}`
        ]
      ]
    },
    {
      name: 'the same, by what the configuration says, to a user who may not read Secrets',
      facts: strict({ ...named('cert-manager'), secret: undefined, hidden: ['secrets'], mutating: injected }),
      want: [['error', /^pods of cert-manager wait/, `kubectl label namespace cert-manager ${ignore}`]]
    },
    {
      name: 'cert-manager that the policy leaves alone too: told once',
      facts: strict({ ...named('cert-manager'), secret: byCertManager, systemNamespaces: ['cert-manager'] }),
      want: [['error', /which waits for its certificate/, `kubectl label namespace cert-manager ${ignore}`]]
    },
    {
      name: 'Calico in a namespace of its own, whose pods the webhook does not leave out',
      facts: strict({ ...named('cni'), daemonSets: [felix] }),
      want: [
        ['error', /^pods of cni\/calico-node, which make the network, wait/, `kubectl label namespace cni ${ignore}`]
      ]
    },
    {
      name: 'the same, left out by its label as strict does it',
      facts: strict({
        ...named('cni'),
        ...guarded({ namespaceSelector: outside(...base), objectSelector: notCalico, failurePolicy: 'Fail' }),
        daemonSets: [felix]
      }),
      want: []
    },
    {
      name: 'the same under a webhook that lets pods pass',
      facts: installationOf({ ...named('cni'), daemonSets: [felix] }),
      want: []
    },
    {
      name: 'another network plugin in a namespace of its own',
      facts: strict({ ...named('kube-flannel'), daemonSets: [flannel] }),
      want: [
        [
          'error',
          /^pods of kube-flannel\/flannel, which make the network, wait/,
          `kubectl label namespace kube-flannel ${ignore}`
        ]
      ]
    },
    {
      name: 'the same before strict is applied',
      facts: installationOf({ ...named('kube-flannel'), daemonSets: [flannel] }),
      want: [['info', /which make the network, would wait for pidguard under the overlay strict$/, ignore]]
    },
    {
      name: 'the same, left out',
      facts: strict({ ...named(), daemonSets: [flannel] }, outside(...base, 'kube-flannel')),
      want: []
    },
    {
      name: 'a DaemonSet that reads a file of the node, and makes no network',
      facts: strict({ ...named('agents'), daemonSets: [mounting('agents', '/etc/cnid')] }),
      want: []
    },
    {
      name: 'cert-manager under a webhook that lets pods pass',
      facts: installationOf({ ...named('cert-manager'), secret: byCertManager }),
      want: []
    },
    {
      name: 'a webhook that fails, but for no pods',
      facts: installationOf({
        ...named('vault'),
        ...registered({ 'workloads.validate.pidguard.io': { failurePolicy: 'Fail' } }),
        systemNamespaces: ['vault']
      }),
      want: []
    },
    {
      name: 'namespaces that may not be listed',
      facts: strict({ namespaces: [], hidden: ['namespaces'], systemNamespaces: ['vault'] }),
      want: []
    }
  ]
for (const { name, facts, want } of cases) {
  void t.test(`${name}: ${want.map(([level]) => level).join(', ') || 'nothing'}`, async (t) => {
    const checks = selectorChecks(facts)
    t.strictSame(
      checks.map(({ level }) => level),
      want.map(([level]) => level)
    )
    for (const [index, [, found, remedy]] of want.entries()) {
      t.match(checks[index]?.found, found)
      t.match(checks[index]?.remedy ?? '', remedy)
    }
  })
}
