import t from 'tap'
import { KeptObjects } from '../../../src/kube/cache/kept-objects.ts'
import type { Kind } from '../../../src/kube/cache/kind.ts'
import { memoryLog } from '../../support/fake-api.ts'

interface Thing {
  readonly name: string
  readonly size: number
}

const things: Kind<Thing> = {
  resource: 'things',
  path: '/api/v1/things',
  firstPage: 2,
  keyOf: ({ name }) => name,
  project(object) {
    if (typeof object['name'] !== 'string') throw new Error('no name')
    return { name: object['name'], size: Number(object['size']) }
  },
  same: (a, b) => a.size === b.size
}

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
  kept.keep({ name: 'a', size: 1 })
  kept.keep({ name: 'b', size: 1 })
  kept.begin()
  kept.keep({ name: 'c', size: 1 })
  kept.begin()
  kept.keep({ name: 'a', size: 1 })
  kept.keep({ name: 'd', size: 1 })
  kept.drop({ name: 'd', size: 1 })
  t.ok(kept.values.has('b'), 'not before')
  kept.end()
  t.strictSame(said, ['a', 'b', 'c', 'd', '- d', '- b', '- c', 'synced'])
  kept.keep({ name: 'a', size: 2 })
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
