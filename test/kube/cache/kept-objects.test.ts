import t from 'tap'
import { KeptObjects } from '../../../src/kube/cache/kept-objects.ts'
import { memoryLog } from '../../support/fake-api.ts'
import { thing, things } from '../../support/things.ts'

function keptThings() {
  const said: string[] = []
  const log = memoryLog()
  const kept = new KeptObjects(things, log, [
    {
      changed: ({ name }, before) => void said.push(`${name}${before === undefined ? '' : ' again'}`),
      removed: ({ name }) => void said.push(`- ${name}`),
      synced: () => void said.push('synced')
    }
  ])
  return { kept, said, log }
}

t.test('the end of a full list drops what was not in it', async (t) => {
  const { kept, said } = keptThings()
  kept.keep(thing('a', 1))
  kept.keep(thing('b', 1))
  kept.begin()
  kept.keep(thing('c', 1))
  kept.begin()
  kept.keep(thing('a', 1))
  kept.keep(thing('d', 1))
  kept.drop(thing('d', 1))
  t.ok(kept.values.has('b'), 'not before')
  kept.end()
  t.strictSame(said, ['a', 'b', 'c', 'd', '- d', '- b', '- c', 'synced'])
  kept.keep(thing('a', 2))
  kept.end()
  t.strictSame(said.slice(-2), ['a again', 'synced'], 'an end without a beginning drops nothing')
})

t.test('an object of another shape is left out and logged, and a handler that throws ends nothing', async (t) => {
  const { kept, log } = keptThings()
  kept.keep({})
  kept.drop({})
  t.equal(kept.values.size, 0)
  t.equal(log.lines.length, 2)
})
