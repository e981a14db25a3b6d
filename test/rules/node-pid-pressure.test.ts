import t from 'tap'
import { nodePidPressure as rule } from '../../src/rules/node-pid-pressure.ts'
import { findingsOf } from '../support/judge.ts'
import { holdsCases } from '../support/node-cases.ts'
import { nodeObject } from '../support/nodes.ts'

const notReported = 'PIDPressure not reported'

holdsCases(t, rule, [
  { name: 'False', node: {} },
  { name: 'True', node: {}, object: nodeObject('True'), finds: /PIDPressure is True/ },
  { name: 'Unknown: the node was not heard of', node: {}, object: nodeObject('Unknown'), lacks: notReported },
  { name: 'absent', node: {}, object: nodeObject(null), lacks: notReported },
  { name: 'no status', node: {}, object: { ...nodeObject(), status: null }, lacks: notReported }
])

t.test('the finding points at the condition', async (t) => {
  t.equal(findingsOf(rule, nodeObject('True'))[0]?.pointer, '/status/conditions/1')
})
