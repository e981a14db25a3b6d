import t from 'tap'
import { scaledWorkload } from '../../src/headroom/scaled-workload.ts'
import { anyNode } from '../../src/kubernetes/placement/placement.ts'
import { subjectFrom } from '../support/subjects.ts'

const use = { estimate: 7, placement: anyNode, live: 1, ending: 0 }
const view = {
  workload: (_: string, { kind, name }: { kind: string; name: string }) =>
    kind === 'StatefulSet' && name === 'db' ? use : undefined
}

t.test('the workload is of the kind the request names, or of any where it names none', async (t) => {
  const of = (resource: string, name = 'db') =>
    scaledWorkload(
      subjectFrom(
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name } },
        { resource, subResource: 'scale' }
      ),
      view
    )
  t.equal(of('statefulsets'), use)
  t.equal(of(''), use)
  for (const resource of ['deployments', 'databases']) t.equal(of(resource), undefined)
  t.equal(of('', 'other'), undefined)
})
