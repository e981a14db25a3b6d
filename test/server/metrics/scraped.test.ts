import { Registry } from 'prom-client'
import t from 'tap'
import { addCounter, addGauge, type Sample } from '../../../src/server/metrics/scraped.ts'

for (const [type, add] of [
  ['gauge', addGauge],
  ['counter', addCounter]
] as const) {
  void t.test(`a ${type} says what is known when it is scraped, and nothing of before`, async (t) => {
    const registry = new Registry()
    let known: readonly Sample[] | undefined
    add(registry, { name: 'things', help: 'Things.', labelNames: ['node'], samples: () => known })
    const head = `# HELP things Things.\n# TYPE things ${type}\n`
    t.equal(await registry.metrics(), head)
    known = [
      [{ node: 'a' }, 2],
      [{ node: 'b' }, undefined]
    ]
    t.equal(await registry.metrics(), `${head}things{node="a"} 2\n`)
    t.equal(await registry.metrics(), `${head}things{node="a"} 2\n`, 'counted once')
    known = undefined
    t.equal(await registry.metrics(), head)
  })
}

void t.test('a gauge without labels has no sample where nothing is known, and not 0', async (t) => {
  const registry = new Registry()
  let known: number | undefined
  addGauge(registry, { name: 'things', help: 'Things.', labelNames: [], samples: () => [[{}, known]] })
  t.notMatch(await registry.metrics(), /^things/m)
  known = 0
  t.match(await registry.metrics(), /^things 0$/m)
})
