import t from 'tap'
import { configRules } from '../../../src/audit/fleet/gaps.ts'
import type { KubeletConfig, NodeState } from '../../../src/model/node-reading.ts'
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
      if (rule.needs.includes('node')) for (const judge of [findingsOf, skipsOf]) judge(rule, object, world)
      return asked()
    })
  })
  t.strictSame(new Set(asking.map(({ id }) => id)), configRules)
})
