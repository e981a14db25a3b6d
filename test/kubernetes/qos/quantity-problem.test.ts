import t from 'tap'
import { quantityProblem, shownQuantity } from '../../../src/kubernetes/qos/quantity-problem.ts'

void t.test('what the API server takes is no problem, from zero on', async (t) => {
  for (const text of ['0', 0, '1', '64Mi', 'm', '.']) t.equal(quantityProblem('memory', text), undefined, String(text))
  t.equal(quantityProblem('cpu', '-1m'), 'expected a quantity of 0 or more, found "-1m"')
})

void t.test('an example fits the resource, and what is meant is a quantity', async (t) => {
  t.equal(quantityProblem('cpu', 'half'), 'expected a quantity such as 100m, found "half"')
  t.equal(quantityProblem('memory', '512MB'), 'expected a quantity such as 64Mi, found "512MB"; is 512M meant?')
  t.equal(quantityProblem('nvidia.com/gpu', ''), 'expected a quantity such as 1, found ""')
})

void t.test('a long value is cut', async (t) => {
  t.equal(shownQuantity('x'.repeat(38)).length, 40)
  t.match(shownQuantity('x'.repeat(39)), /^"x{38}…$/)
})
