import t from 'tap'
import { type AuditingOptions, auditArgv } from '../../../../src/serve/controller/audits/audit-argv.ts'

const plain: AuditingOptions = { readingsInterval: 15_000, auditReportObjects: 'off' }
const always = ['audit', '--output=totals', '--fail-on=audit', '--kube-api-qps=10']

const cases: { name: string; change: Partial<AuditingOptions>; want: string[] }[] = [
  { name: 'in a pod, with nothing given', change: {}, want: ['--readings=kubelet', '--report-objects=off'] },
  {
    name: 'policy, kubelets and reports',
    change: {
      policy: '/etc/pidguard/policy.yaml',
      readings: 'kubelet',
      kubeletCa: '/ca.crt',
      kubeletInsecure: true,
      kubeletServiceAccount: 'pidguard-kubelet',
      auditReportObjects: 'summary'
    },
    want: [
      '--readings=kubelet',
      '--report-objects=summary',
      '--policy=/etc/pidguard/policy.yaml',
      '--kubelet-ca=/ca.crt',
      '--kubelet-service-account=pidguard-kubelet',
      '--kubelet-insecure'
    ]
  },
  {
    name: 'Prometheus',
    change: { readings: 'prometheus', prometheus: 'http://p:9090', prometheusToken: '/token', prometheusCa: '/ca' },
    want: [
      '--readings=prometheus',
      '--report-objects=off',
      '--prometheus=http://p:9090',
      '--prometheus-token=/token',
      '--prometheus-ca=/ca'
    ]
  },
  {
    name: 'readings of a file, of a cluster that was named',
    change: { readings: 'snapshot', snapshot: '/nodes.yaml', kubeconfig: '/kubeconfig' },
    want: ['--readings=snapshot', '--report-objects=off', '--kubeconfig=/kubeconfig', '--snapshot=/nodes.yaml']
  },
  {
    name: 'a file that stands for a cluster is none that an audit of the cluster reads',
    change: { snapshot: '/nodes.yaml' },
    want: ['--readings=kubelet', '--report-objects=off']
  },
  {
    name: 'a path that looks like a flag stays a value',
    change: { policy: '--context=other' },
    want: ['--readings=kubelet', '--report-objects=off', '--policy=--context=other']
  }
]
for (const { name, change, want } of cases) {
  void t.test(name, async (t) => {
    t.strictSame(auditArgv({ ...plain, ...change }), [...always, ...want])
  })
}
