import { RuleIndex } from '../../src/engine/rule-index.ts'
import type { Headroom } from '../../src/headroom/assess/headroom.ts'
import { feedOf } from '../../src/headroom/ledger/cache-feed.ts'
import type { Ledger } from '../../src/headroom/ledger/ledger.ts'
import type { ReservationSink } from '../../src/headroom/reservation.ts'
import { nodeKind } from '../../src/kube/cache/cached-kinds.ts'
import { buildPodKind } from '../../src/kube/cache/cached-pods.ts'
import { WaitingRequests } from '../../src/leader/capacity/waiting-requests.ts'
import type { NodeFacts, PodFacts } from '../../src/model/cluster-objects.ts'
import type { NodeReading } from '../../src/model/node-reading.ts'
import { readPolicy } from '../../src/policy/document/read-policy.ts'
import { PolicyResolver } from '../../src/policy/policy-resolver.ts'
import type { Settings } from '../../src/policy/settings.ts'
import type { CacheEvents } from '../../src/ports/cluster-cache.ts'
import type { Clock } from '../../src/ports/runtime.ts'
import { policyRules, rules } from '../../src/rules/index.ts'
import { buildBookkeeping } from '../../src/serve/fact-source.ts'
import { type Admission, buildAdmission } from '../../src/server/admission.ts'
import { WatchedCopy } from './watched-copy.ts'

const index = new RuleIndex(rules)

const quiet = {
  debug() {},
  info() {},
  warn() {},
  error(fields: object, message: string): void {
    throw new Error(`the program logged an error: ${message}`, { cause: fields })
  },
  isLevelEnabled: () => false
}

/** The settings that the simulated policy gives to every namespace. */
export function settingsOf(headroom: string): Settings {
  const text = `apiVersion: pidguard.io/v1alpha1\nkind: PidGuardPolicy\nspec:\n  headroom: {${headroom}}\n`
  return new PolicyResolver(readPolicy(text, { rules: policyRules, source: 'bench' }), policyRules).settingsFor(
    'shop',
    undefined
  )
}

/** What the API server answers with to its caller. */
export interface Reviewed {
  readonly allowed: boolean
  readonly message: string
  readonly warnings: readonly string[]
  readonly patch: readonly { readonly op: string; readonly path: string; readonly value?: unknown }[]
}

/** One process of pidguard, its real code: a copy of nodes and pods, the books, and the webhook. */
export class Program {
  readonly nodes: WatchedCopy<NodeFacts>
  readonly pods: WatchedCopy<PodFacts>
  readonly requests = new WaitingRequests(() => {})
  readonly ledger: Ledger
  readonly headroom: Headroom
  readonly #admission: Admission
  /** Hears of what is counted, as the leader hears of what the one writer counts. */
  sink: ReservationSink | undefined

  /** `replicas`: how many processes give away the same room. */
  constructor(clock: Clock, settings: Settings, replicas: number) {
    const settingsFor = (): Settings => settings
    const { ledger, headroom, admitted } = buildBookkeeping(
      { clock, settingsFor },
      () => true,
      () => replicas
    )
    const feed = feedOf(ledger, () => this)
    this.ledger = ledger
    this.headroom = headroom
    this.nodes = new WatchedCopy(nodeKind, [feed.nodes])
    this.pods = new WatchedCopy(buildPodKind(), [feed.pods, this.requests as CacheEvents<PodFacts>])
    this.#admission = buildAdmission({
      rules: index,
      policy: { settingsFor, exemption: () => undefined },
      clock,
      log: quiet,
      meter: { countReview() {}, countOutcome() {} },
      slow: Number.POSITIVE_INFINITY,
      facts: () => ({ headroom, limitRanges: [] }),
      admitted: (subject, found, caller) => admitted(subject, found, caller, this.sink)
    })
  }

  observeReading(reading: NodeReading): void {
    if (this.nodes.get(reading.node) !== undefined) this.ledger.observeReading(reading)
  }

  /** `request` as in an AdmissionReview. */
  review(webhook: 'mutate' | 'validate', request: object): Reviewed {
    const review = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request }
    const { body } = this.#admission(webhook, Buffer.from(JSON.stringify(review)), 0)
    const { allowed, status, warnings = [], patch } = JSON.parse(body.toString()).response
    const operations = patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString())
    return { allowed, message: status?.message ?? '', warnings, patch: operations }
  }
}
