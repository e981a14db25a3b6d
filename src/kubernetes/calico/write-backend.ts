import type { Draft } from '../../lib/json/patch.ts'
import { type Backend, type BackendEnv, backendVariable, type FelixContainer } from './felix.ts'

/** Spellings removed one by one, for a readable patch; with more, a patch of single removals would cost their square. */
const maxRemovals = 8

/** One entry with this value, at the place of the first; the other spellings go, as any of them could win. */
export function writeBackend(draft: Draft, { container, at }: FelixContainer, env: BackendEnv, wanted: Backend): void {
  const value = { name: backendVariable, value: wanted }
  const [first, ...others] = env.entries
  if (first === undefined) {
    draft.append(`${at}/env`, value)
    return
  }
  if (others.length > maxRemovals) {
    const superfluous = new Set<unknown>(others.map(({ entry }) => entry))
    const kept = container.env?.filter((entry) => !superfluous.has(entry))
    draft.set(
      `${at}/env`,
      kept?.map((entry) => (entry === first.entry ? value : entry))
    )
    return
  }
  for (const { index } of others.reverse()) draft.remove(`${at}/env/${index}`)
  draft.set(`${at}/env/${first.index}`, value)
}
