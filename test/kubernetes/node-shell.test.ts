import t from 'tap'
import { looksLikeNodeShell } from '../../src/kubernetes/node-shell.ts'
import type { PodSubject } from '../../src/kubernetes/subject.ts'
import { podSubject, subjectFrom, workloadObject } from '../support/subjects.ts'

t.test('a Pod that names its node and that nobody made', async (t) => {
  t.ok(looksLikeNodeShell(podSubject({ nodeName: 'n1' })))
  for (const nodeName of [undefined, '', null]) t.notOk(looksLikeNodeShell(podSubject({ nodeName })))
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'a', controller: true }]
  t.notOk(looksLikeNodeShell(podSubject({ nodeName: 'n1' }, { ownerReferences })))
  t.notOk(looksLikeNodeShell(subjectFrom(workloadObject('apps/v1/Deployment', { nodeName: 'n1' })) as PodSubject))
})
