import t from 'tap'
import { isBpfOn } from '../../../src/kubernetes/calico/bpf.ts'
import { felixContainerOf, felixSettingsOf } from '../../../src/kubernetes/calico/felix.ts'
import { calicoObject, subjectFrom } from '../../support/subjects.ts'

const felix = (...env: object[]) => {
  const found = felixContainerOf(subjectFrom(calicoObject({ env })))
  if (found === undefined) throw new Error('no Felix')
  return found
}
const variable = (value: string) => ({ name: 'FELIX_BPFENABLED', value })
const of = (name: string, bpfEnabled: unknown) => felixSettingsOf({ metadata: { name }, spec: { bpfEnabled } })

t.test('the variable, then the FelixConfiguration of the node, then default, then no', async (t) => {
  const both = [of('node.a', false), of('default', true)]
  t.equal(isBpfOn(felix(), [], 'a'), false)
  t.equal(isBpfOn(felix(), both, 'a'), false)
  t.equal(isBpfOn(felix(), both, 'b'), true)
  for (const word of ['true', 'TRUE', '1', 'yes', 'y', 't'])
    t.equal(isBpfOn(felix(variable(word)), [], 'a'), true, word)
  for (const word of ['false', '0', 'no', 'n', 'f']) t.equal(isBpfOn(felix(variable(word)), both, 'b'), false, word)
  t.equal(isBpfOn(felix(variable('maybe')), both, 'b'), true, 'a word that Felix does not know')
  t.equal(isBpfOn(felix(), [of('default', 'true')], 'a'), false, 'no boolean')
})

t.test('what is not known is unknown', async (t) => {
  t.equal(isBpfOn(felix(), undefined, 'a'), undefined)
  t.equal(isBpfOn(felix({ name: 'DATASTORE_TYPE', value: 'etcdv3' }), [of('default', true)], 'a'), undefined)
  t.equal(isBpfOn(felix(variable('true')), undefined, 'a'), true)
})
