import type { Subject } from '../subject.ts'
import { felixContainerOf } from './felix.ts'

/** Where each distribution keeps the backend. The API server cuts a warning at 120 characters. */
const places = {
  rke2: 'Or one apply without pidguard undoes it. RKE2: calico.felixIptablesBackend in the HelmChartConfig of rke2-canal',
  kops: 'Or one apply without pidguard undoes it. kOps: networking.calico.iptablesBackend of the cluster spec',
  any: 'Or one apply undoes it. kubespray: calico_iptables_backend; Helm and kustomize: the values or a patch'
} as const

/**
 * Warnings for the author of a changed Felix DaemonSet: the source has to change too. Otherwise it undoes the change the
 * first time that it is applied while pidguard does not answer.
 */
export function manifestNotes(subject: Subject): readonly string[] {
  return [
    'Write updateStrategy OnDelete and FELIX_IPTABLESBACKEND into your manifest or chart (pidguard mutate FILE shows them)',
    places[distributionOf(subject)]
  ]
}

function distributionOf(subject: Subject): keyof typeof places {
  const image = felixContainerOf(subject)?.container.image ?? ''
  if (/(^|\/)rancher\/|hardened-calico/.test(image)) return 'rke2'
  const marks = { ...subject.metadata.labels, ...subject.metadata.annotations }
  return Object.keys(marks).some((key) => key.startsWith('addon.kops.k8s.io/') || key === 'k8s-addon') ? 'kops' : 'any'
}
