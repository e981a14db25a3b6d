// How well nodes are guarded: npm run bench:placement [-- seed …]. Simulated clusters of ten nodes whose scheduler does not look at PIDs,
// and in each of their processes pidguard's real code. Prints a table with each goal beside its figure. See README.md.
import type { Scenario, Way } from './placement/cluster.ts'
import { Figures, percent } from './placement/figures.ts'
import { simulate } from './placement/simulate.ts'

const seeds =
  process.argv.length > 2 ? process.argv.slice(2).map(Number) : Array.from({ length: 24 }, (_, at) => at + 1)
if (!seeds.every((seed) => Number.isSafeInteger(seed) && seed > 0)) {
  console.error('usage: npm run bench:placement [-- SEED …], each a whole number above 0')
  process.exit(2)
}

interface Goal {
  readonly what: string
  readonly unit: '%' | 's' | ''
  of(figures: Figures): number
  /** undefined: shown for what it says. */
  readonly most?: number
  readonly least?: number
}

const promised: Goal = {
  what: 'promised beyond the ceiling',
  unit: '%',
  of: ({ promisedBeyond, nodeSeconds }) => percent(promisedBeyond, nodeSeconds)
}
const used: Goal = {
  what: 'threads beyond the ceiling',
  unit: '%',
  of: ({ usedBeyond, nodeSeconds }) => percent(usedBeyond, nodeSeconds)
}
const well: Goal = {
  what: 'wanted pods that run well',
  unit: '%',
  of: ({ wellPodSeconds, wantedPodSeconds }) => percent(wellPodSeconds, wantedPodSeconds)
}
const missed: Goal = {
  what: 'Pending although there is room, longest',
  unit: 's',
  of: ({ longestMissed }) => longestMissed / 1_000
}
const refused: Goal = {
  what: 'bindings refused',
  unit: '%',
  of: ({ refusedBindings, bindings }) => percent(refusedBindings, bindings)
}
const wrongly: Goal = {
  what: 'bindings refused although the node had room',
  unit: '%',
  of: ({ wronglyRefused, bindings }) => percent(wronglyRefused, bindings)
}
const denied: Goal = {
  what: 'denials where all could be packed',
  unit: '%',
  of: ({ falseDenials, denials }) => percent(falseDenials, denials)
}
const shown: Goal = {
  what: 'of them, with room that the API had shown',
  unit: '%',
  of: ({ shownDenials, denials }) => percent(shownDenials, denials)
}
const failed: Goal = { what: 'pods refused by a kubelet', unit: '', of: ({ refusedByKubelet }) => refusedByKubelet }

const goals: Readonly<Record<Way, readonly Goal[]>> = {
  guard: [
    { ...promised, most: 0.1 },
    used,
    { ...well, least: 78 },
    { ...missed, most: 90 },
    { ...refused, most: 10 },
    wrongly,
    { ...denied, most: 5 },
    shown
  ],
  scheduler: [{ ...promised, most: 0 }, used, { ...well, least: 80 }, { ...missed, most: 40 }, failed]
}

let isMet = true
let isBounded = false
console.log(`seeds ${seeds.join(', ')}; 10 nodes, 3 replicas, 12 simulated minutes each`)
for (const way of ['guard', 'scheduler'] as const) {
  for (const scheduler of ['spread', 'binpack'] as const) {
    const full = { way, scheduler, demand: 1.1, isReal: false }
    const most = figuresOf({ ...full, way: 'scheduler', hasFixedOffers: true })
    report(`${way}, ${scheduler}, demand 110 %`, full, goals[way], most)
    const real = [{ ...used, most: 0 }, promised, well]
    report(`${way}, ${scheduler}, ceilings of 32768, demand 90 %`, { way, scheduler, demand: 0.9, isReal: true }, real)
  }
}
const exception = isBounded ? ', but for those that fixed offers of all that there is do not reach either' : ''
console.log(isMet ? `\nAll goals are met${exception}.` : '\nNot all goals are met.')
if (!isMet) process.exitCode = 1

function figuresOf(scenario: Omit<Scenario, 'seed' | 'minutes'>): Figures {
  const sum = new Figures()
  for (const seed of seeds) sum.add(simulate({ ...scenario, seed, minutes: 12 }))
  return sum
}

/** `bound`: what the same comes to with `hasFixedOffers`; a goal that is out of its reach is not missed by us. */
function report(
  title: string,
  scenario: Omit<Scenario, 'seed' | 'minutes'>,
  list: readonly Goal[],
  bound?: Figures
): void {
  const sum = figuresOf(scenario)
  console.log(`\n${title}: ${sum.creations} pods asked for, ${sum.denials} denied, ${sum.nodeWrites} Node writes`)
  for (const goal of list) {
    const { what, unit, of } = goal
    const figure = of(sum)
    console.log(
      `  ${what.padEnd(45)}${`${figure.toFixed(2)} ${unit}`.padStart(9)}   ${verdictOf(goal, figure, bound)}`.trimEnd()
    )
  }
}

function verdictOf(goal: Goal, figure: number, bound: Figures | undefined): string {
  const { most, least, unit, of } = goal
  if (most === undefined && least === undefined) return ''
  const isWithin = (value: number): boolean =>
    (most === undefined || value <= most) && (least === undefined || value >= least)
  const said = `goal: ${most === undefined ? `at least ${least}` : `at most ${most}`} ${unit}`
  if (isWithin(figure)) return `${said}, met`
  const reached = bound === undefined ? undefined : of(bound)
  if (reached === undefined || isWithin(reached)) {
    isMet = false
    return `${said}, NOT MET`
  }
  isBounded = true
  return `${said}, out of reach: ${reached.toFixed(2)} ${unit} with fixed offers of all that there is`
}
