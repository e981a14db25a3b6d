import { readFile } from 'node:fs/promises'
import type { Rule } from '../engine/rule.ts'
import { AppError } from '../errors.ts'
import type { Millis } from '../lib/units.ts'
import { exemptionFor, targetOf } from '../policy/exemptions.ts'
import { PolicyHolder } from '../policy/last-good-policy.ts'
import type { Policy } from '../policy/policy.ts'
import { defaultPolicy } from '../policy/policy-of-document.ts'
import { noNamespaces, PolicyResolver } from '../policy/policy-resolver.ts'
import type { NamespaceLookup } from '../policy/settings.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import type { PolicySource } from '../server/admission.ts'
import type { Metrics } from '../server/metrics/metrics.ts'
import { reasonOf } from './files/file-error.ts'
import { type PolledFiles, pollFiles } from './poll-files.ts'

export interface PolicyFile extends PolicySource {
  /** Where the policy comes from, as it is shown to people. */
  readonly source: string
  /** Where namespaces are looked up from now on; before that none is known. */
  useNamespaces(lookup: NamespaceLookup): void
  status(): { generation: number; loadedAt: Millis; isLatest: boolean }
  /** Puts each good new version in force. A bad one is logged and counted, and the last good one stays in force. */
  watch(every: Millis, log: Log, metrics: Pick<Metrics, 'countReload'>): PolledFiles
}

/** The policy of a file, or the built-in default. Throws ERR_POLICY_INVALID with every mistake at once. */
export async function loadPolicy(path: string | undefined, rules: readonly Rule[], clock: Clock): Promise<PolicyFile> {
  let namespaces = noNamespaces
  const source = path ?? 'built-in default'
  const text = path === undefined ? '' : await readPolicyText(path)
  const parse = path === undefined ? () => defaultPolicy(rules) : await parser(path, rules)
  const holder = new PolicyHolder(text, { parse: (written) => new PolicyResolver(parse(written), rules), clock })
  return {
    source,
    settingsFor: (namespace) => holder.current.settingsFor(namespace, namespaces.get(namespace)),
    useNamespaces(lookup) {
      namespaces = lookup
    },
    exemption(ruleId, subject, now) {
      const exemptions = holder.current.exemptionsOf(ruleId)
      return exemptions.length === 0 ? undefined : exemptionFor(exemptions, ruleId, targetOf(subject), now)?.reason
    },
    status: () => ({
      generation: holder.generation,
      loadedAt: holder.loadedAt,
      isLatest: holder.lastError === undefined
    }),
    watch(every, log, metrics) {
      if (path === undefined) return { stop() {} }
      return pollFiles(
        { text: path },
        { text },
        every,
        (texts) => {
          const result = holder.offer(texts.text)
          if (result === 'loaded') log.info({ path, generation: holder.generation }, 'policy loaded')
          if (result === 'kept')
            log.error({ path, err: holder.lastError }, 'policy not loaded, the last good one stays in force')
          metrics.countReload('policy', result)
        },
        (error) => {
          metrics.countReload('policy', holder.unreadable(error))
          log.error({ path, err: error }, 'policy file cannot be read, the last good one stays in force')
        }
      )
    }
  }
}

/** How a policy file is read. The parser is loaded only where there is a file. */
async function parser(source: string, rules: readonly Rule[]): Promise<(text: string) => Policy> {
  const { readPolicy } = await import('../policy/document/read-policy.ts')
  return (text) => readPolicy(text, { rules, source })
}

/** Throws ERR_POLICY_INVALID when the file cannot be read. */
export async function readPolicyText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError('ERR_POLICY_INVALID', `${path}: expected a policy document: ${reasonOf(cause)}`, {
      cause,
      remedy: 'Name a policy file that is there and that you may read.'
    })
  }
}
