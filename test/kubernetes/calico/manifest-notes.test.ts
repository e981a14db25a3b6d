import t from 'tap'
import { manifestNotes } from '../../../src/kubernetes/calico/manifest-notes.ts'
import type { JsonRecord } from '../../../src/lib/json/shape.ts'
import { calicoObject, subjectFrom } from '../../support/subjects.ts'

t.test('the author is told where the distribution takes the backend from', async (t) => {
  const place = (change: JsonRecord) => manifestNotes(subjectFrom(calicoObject(change)))[1]
  t.match(place({ container: { image: 'rancher/hardened-calico:v3.30.0-build20250520' } }), 'RKE2')
  t.match(place({ metadata: { labels: { 'k8s-addon': 'networking.projectcalico.org' } } }), 'kOps')
  t.match(place({ metadata: { labels: { 'addon.kops.k8s.io/name': 'networking' } } }), 'kOps')
  t.match(place({}), 'kubespray')
  for (const change of [{ container: { image: 'rancher/x' } }, { metadata: { labels: { 'k8s-addon': 'x' } } }, {}])
    for (const line of manifestNotes(subjectFrom(calicoObject(change))))
      t.ok(line.length <= 120, `${line.length}: ${line}`)
})
