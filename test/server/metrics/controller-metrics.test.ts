import t from 'tap'
import { buildControllerMetrics, type ControllerSources } from '../../../src/server/metrics/controller-metrics.ts'
import { fakeClock } from '../../support/fakes.ts'

function metrics(change: Partial<ControllerSources> = {}) {
  const clock = fakeClock()
  return buildControllerMetrics({
    clock,
    policy: () => ({ generation: 1, loadedAt: clock.now(), isLatest: true }),
    certificate: () => undefined,
    headroom: () => undefined,
    taints: () => undefined,
    capacity: () => undefined,
    nearFloor: () => undefined,
    calico: () => undefined,
    audits: () => undefined,
    ...change
  })
}

function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

void t.test('taints: what was written, and what the leader sees; others say nothing of it', async (t) => {
  const held = metrics({ taints: () => ({ tainted: 2, passedOver: 3 }) })
  held.countTaint('taint', 'done')
  held.countTaint('untaint', 'forbidden')
  const { text } = await held.render()
  t.equal(sample(text, 'pidguard_node_taint_writes_total{change="taint",result="done"}'), 1)
  t.equal(sample(text, 'pidguard_node_taint_writes_total{change="untaint",result="forbidden"}'), 1)
  t.equal(sample(text, 'pidguard_tainted_nodes'), 2)
  t.equal(sample(text, 'pidguard_low_untainted_nodes'), 3)
  const other = await metrics().render()
  t.equal(sample(other.text, 'pidguard_tainted_nodes'), undefined)
  t.equal(sample(other.text, 'pidguard_low_untainted_nodes'), undefined)
})

void t.test(
  'what nodes offer: what was written, how many there are, and pods refused; others say nothing of it',
  async (t) => {
    const held = metrics({ capacity: () => ({ offering: 4, overfull: 1 }) })
    held.countCapacity('lowered', 'done')
    held.countOutOfPids()
    const { text } = await held.render()
    t.equal(sample(text, 'pidguard_node_capacity_writes_total{reason="lowered",result="done"}'), 1)
    t.equal(sample(text, 'pidguard_out_of_pids_pods_total'), 1)
    t.equal(sample(text, 'pidguard_nodes_offering_pids'), 4)
    t.equal(sample(text, 'pidguard_nodes_overfull'), 1)
    const other = await metrics().render()
    t.equal(sample(other.text, 'pidguard_nodes_offering_pids'), undefined)
    t.equal(sample(other.text, 'pidguard_nodes_overfull'), undefined)
  }
)

void t.test('nodes near their floor: what was told, and how many there are; others say nothing of it', async (t) => {
  const held = metrics({ nearFloor: () => 0 })
  held.countNearFloor('posted')
  held.countNearFloor('held-back')
  const { text } = await held.render()
  t.equal(sample(text, 'pidguard_near_floor_events_total{result="posted"}'), 1)
  t.equal(sample(text, 'pidguard_near_floor_events_total{result="held-back"}'), 1)
  t.equal(sample(text, 'pidguard_nodes_near_floor'), 0)
  const other = await metrics({ nearFloor: () => undefined }).render()
  t.equal(sample(other.text, 'pidguard_nodes_near_floor'), undefined)
})

void t.test('Calico: repairs, and DaemonSets by state; others say nothing of it', async (t) => {
  const held = metrics({ calico: () => ({ asPolicy: 1, outOfPolicy: 2, stopped: 0, oldPods: 3 }) })
  held.countCalicoRepair('written')
  const { text } = await held.render()
  t.equal(sample(text, 'pidguard_calico_repairs_total{result="written"}'), 1)
  t.equal(sample(text, 'pidguard_calico_daemonsets{state="as-policy"}'), 1)
  t.equal(sample(text, 'pidguard_calico_daemonsets{state="out-of-policy"}'), 2)
  t.equal(sample(text, 'pidguard_calico_old_pods'), 3)
  const unknown = await metrics({
    calico: () => ({ asPolicy: 1, outOfPolicy: 0, stopped: 0, oldPods: undefined })
  }).render()
  t.equal(sample(unknown.text, 'pidguard_calico_old_pods'), undefined)
  t.equal(sample((await metrics().render()).text, 'pidguard_calico_daemonsets{state="as-policy"}'), undefined)
})

void t.test('every metric of ours has a help text and a unit in its name', async (t) => {
  const { text } = await metrics().render()
  for (const [, name, kind] of text.matchAll(/^# TYPE (pidguard_\S+) (\w+)$/gm)) {
    t.match(text, new RegExp(`^# HELP ${name} .+\\.$`, 'm'))
    if (kind === 'counter') t.match(name, /_total$/)
  }
})
