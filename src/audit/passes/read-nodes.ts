import { isAsked } from '../../engine/evaluate.ts'
import type { Millis } from '../../lib/units.ts'
import type { NodeFacts } from '../../model/cluster-objects.ts'
import type { KubeletConfig, NodeReading, NodeState, ReadingFailure } from '../../model/node-reading.ts'
import { withoutCeilingOf } from '../../model/nodes-without-ceiling.ts'
import { withClaims } from '../../model/pods-by-name.ts'
import type { KubeletConfigSink, ReadingSink } from '../../ports/readings.ts'
import type { AuditDeps } from '../audit-deps.ts'
import { configRules, readConfigs } from './read-configs.ts'

/** What the nodes answered. */
export interface NodeAnswers {
  readonly readings: ReadonlyMap<string, NodeReading>
  readonly failures: ReadonlyMap<string, ReadingFailure>
  readonly configs: ReadonlyMap<string, KubeletConfig>
  readonly configFailures: ReadonlyMap<string, ReadingFailure>
  /** When all nodes had been asked: ages of readings are counted from here. */
  readonly readAt: Millis
}

/**
 * Pass 2: asks every node what it uses and, where the policy has a rule that looks at it, how its kubelet is configured.
 * A reading older than the policy's `maxAge` when it arrives is a failure. Its age is not checked again afterwards: one
 * node that hangs must not make the answers of the others too old. The report shows the age of each reading.
 */
export async function readNodes(nodes: readonly NodeFacts[], deps: AuditDeps): Promise<NodeAnswers> {
  const { readings: source, configs, rules, policy, progress, signal, now } = deps
  const settings = policy.settingsFor('', undefined)
  const targets = nodes.map((facts) => deps.targetOf(facts))
  const answers = new Answers(settings.headroom.maxAge, now, (done) =>
    progress.step('node readings', done, targets.length)
  )
  await source.read(targets, answers, { signal, spread: spreadOver(targets.length, deps) })
  const readAt = now()
  const needsConfigs = rules.all.some((rule) => configRules.has(rule.id) && isAsked(rule, { settings }))
  // Where there is no ceiling, no kubelet has a setting of it.
  const limited = targets.filter((target) => withoutCeilingOf(target) === undefined)
  if (needsConfigs) await readConfigs(answers, limited, configs, signal)
  return {
    readings: answers.readings,
    failures: answers.failures,
    configs: answers.configs,
    configFailures: answers.configFailures,
    readAt
  }
}

/** What is known of a node; nothing of one that has no name. */
export function stateOf({ readings, configs }: NodeAnswers, node: string | undefined): NodeState {
  return node === undefined ? noState : { reading: readings.get(node), kubelet: configs.get(node) }
}

const noState: NodeState = { reading: undefined, kubelet: undefined }

/** At most half of what makes a reading too old: the figures of one report are to be of about the same time. */
function spreadOver(nodes: number, { nodesPerSecond, policy }: AuditDeps): Millis {
  if (nodesPerSecond === undefined) return 0
  return Math.min((nodes / nodesPerSecond) * 1_000, policy.settingsFor('', undefined).headroom.maxAge / 2)
}

/** Collects answers as they arrive. */
class Answers implements ReadingSink, KubeletConfigSink {
  readonly readings = new Map<string, NodeReading>()
  readonly failures = new Map<string, ReadingFailure>()
  readonly configs = new Map<string, KubeletConfig>()
  readonly configFailures = new Map<string, ReadingFailure>()
  readonly #maxAge: Millis
  readonly #now: () => Millis
  readonly #onAnswer: (done: number) => void
  #done = 0

  constructor(maxAge: Millis, now: () => Millis, onAnswer: (done: number) => void) {
    this.#maxAge = maxAge
    this.#now = now
    this.#onAnswer = onAnswer
  }

  observeReading(reading: NodeReading): void {
    const age = this.#now() - reading.at
    if (age <= this.#maxAge) this.readings.set(reading.node, withClaims(reading))
    else this.failures.set(reading.node, { reason: 'not-reported', detail: tooOld(age, this.#maxAge) })
    this.#onAnswer(++this.#done)
  }

  observeFailure(node: string, failure: ReadingFailure): void {
    this.failures.set(node, failure)
    this.#onAnswer(++this.#done)
  }

  observeConfig(node: string, config: KubeletConfig): void {
    this.configs.set(node, config)
  }

  observeConfigFailure(node: string, failure: ReadingFailure): void {
    this.configFailures.set(node, failure)
  }
}

function tooOld(age: Millis, maxAge: Millis): string {
  return `the reading is ${Math.round(age / 1000)} s old, the policy trusts ${Math.round(maxAge / 1000)} s`
}

/** Rules that look at what a node reports. */
export function readingRulesOf({ all }: Pick<AuditDeps['rules'], 'all'>): ReadonlySet<string> {
  return new Set(all.filter(({ requiredFacts }) => requiredFacts.includes('node')).map(({ id }) => id))
}
