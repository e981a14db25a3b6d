import t from 'tap'
import { configRules, probes, readConfigs } from '../../../src/audit/passes/read-configs.ts'
import type { KubeletConfig, NodeState, ReadingFailure } from '../../../src/model/node-reading.ts'
import { auditRules } from '../../../src/rules/index.ts'
import { goodConfig, runningPod } from '../../support/audit-run.ts'
import { findingsOf, skipsOf } from '../../support/judge.ts'
import { nodeObject, nodeState } from '../../support/nodes.ts'

/** A node of whose kubelet somebody may ask; `asked` says whether somebody did. */
function watchedNode(kubelet: KubeletConfig | undefined): { readonly state: NodeState; asked(): boolean } {
  let isAsked = false
  const state = {
    ...nodeState(),
    get kubelet() {
      isAsked = true
      return kubelet
    }
  }
  return { state, asked: () => isAsked }
}

t.test('kubelets are asked for the rules that look at their configuration, and for no other', async (t) => {
  const asking = auditRules.filter((rule) => {
    const object = rule.kinds.includes('/Pod') ? runningPod('web-1') : nodeObject()
    return [goodConfig, undefined].some((config) => {
      const { state, asked } = watchedNode(config)
      const world = { facts: { node: state } }
      if (rule.requiredFacts.includes('node')) for (const judge of [findingsOf, skipsOf]) judge(rule, object, world)
      return asked()
    })
  })
  t.strictSame(new Set(asking.map(({ id }) => id)), configRules)
})

const forbidden: ReadingFailure = { reason: 'forbidden', detail: 'HTTP 403: nodes/configz is needed' }
const timeout: ReadingFailure = { reason: 'timeout', detail: 'no answer in time' }

/** Reads the configurations of as many nodes as `answers` has, and says which were asked and what is known then. */
async function read(answers: readonly (ReadingFailure | undefined)[]) {
  const asked: string[] = []
  const configFailures = new Map<string, ReadingFailure>()
  const known = new Map<string, KubeletConfig>()
  const targets = answers.map((_, at) => ({ name: `n${at}`, address: undefined, kubeletPort: 10_250 }))
  const sink = {
    configFailures,
    observeConfig: (node: string, config: KubeletConfig) => void known.set(node, config),
    observeConfigFailure: (node: string, failure: ReadingFailure) => void configFailures.set(node, failure)
  }
  const configs = {
    async read(some: readonly { readonly name: string }[]) {
      for (const { name } of some) {
        asked.push(name)
        const failure = answers[Number(name.slice(1))]
        if (failure === undefined) sink.observeConfig(name, goodConfig)
        else sink.observeConfigFailure(name, failure)
      }
    }
  }
  await readConfigs(sink, targets, configs, new AbortController().signal)
  return { asked, failures: [...configFailures.values()], known: known.size }
}

t.test('when the first kubelets all refuse, the others are not asked and count as refused', async (t) => {
  const answers = Array.from({ length: 10 }, () => forbidden)
  const { asked, failures } = await read(answers)
  t.strictSame(asked, ['n0', 'n1', 'n2'])
  t.equal(asked.length, probes)
  t.strictSame(failures, answers)
})

t.test('one refusal, or another failure, says nothing about the other kubelets: all are asked', async (t) => {
  for (const first of [
    [forbidden, forbidden, undefined],
    [forbidden, timeout, forbidden],
    [timeout, timeout, timeout],
    [undefined, undefined, undefined]
  ]) {
    const { asked, known } = await read([...first, undefined, undefined])
    t.equal(asked.length, 5, JSON.stringify(first))
    t.equal(known, first.filter((each) => each === undefined).length + 2)
  }
})

t.test('fewer nodes than are asked first, and none at all', async (t) => {
  t.strictSame((await read([forbidden])).asked, ['n0'])
  t.strictSame(await read([]), { asked: [], failures: [], known: 0 })
})
