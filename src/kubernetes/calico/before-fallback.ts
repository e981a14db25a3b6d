import type { Draft } from '../../lib/json/patch.ts'
import { escapeToken } from '../../lib/json/pointer.ts'
import { iptablesBackendWas, updateStrategyWas } from '../annotations.ts'
import type { Subject } from '../subject.ts'
import type { BackendEnv, FelixContainer } from './felix.ts'

/*
 * The component fallback changes a DaemonSet of Calico before the webhook sees it, whether or not that answers, and writes down what was
 * there. From that the webhook says to the author what it would have said of its own change.
 */

/** Characters of a note that are shown. */
const most = 50

/** The update strategy before the fallback changed it; undefined: it did not. */
export function strategyBefore({ metadata }: Subject): string | undefined {
  return metadata.annotations?.[updateStrategyWas]?.slice(0, most)
}

/** The backend variable before the fallback set it, in quotes, or in words where it had no value. */
export function backendBefore({ metadata }: Subject): string | undefined {
  return metadata.annotations?.[iptablesBackendWas]?.slice(0, most)
}

export function forgetStrategy(draft: Draft): void {
  draft.remove(`/metadata/annotations/${escapeToken(updateStrategyWas)}`)
}

/**
 * `isUndone`: the fallback does not know FelixConfigurations, and set the variable where it must not be. One that was not set before
 * goes again.
 */
export function forgetBackend(
  subject: Subject,
  draft: Draft,
  { at }: FelixContainer,
  { env, isUndone }: { readonly env: BackendEnv; readonly isUndone: boolean }
): void {
  const [only, ...others] = env.entries
  if (isUndone && backendBefore(subject) === 'not set' && only !== undefined && others.length === 0)
    draft.remove(`${at}/env/${only.index}`)
  draft.remove(`/metadata/annotations/${escapeToken(iptablesBackendWas)}`)
}
