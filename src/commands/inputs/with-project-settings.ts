import { loadProjectSettings } from '../../host/files/project-file.ts'
import { type ProjectSettings, projectFile } from '../../input/project-settings.ts'

interface Flags {
  readonly policy?: string
  readonly exclude?: readonly string[]
  isDefault(option: string): boolean
}

/**
 * The flags with what `.pidguard.yaml` says in place of those that were not given. Patterns to exclude add up. The notes say
 * what was taken: a pull request may change that file.
 */
export function withProjectSettings<T extends Flags>(
  flags: T,
  keys: readonly (keyof ProjectSettings)[] = ['policy', 'exclude', 'failOn', 'output']
): { readonly flags: T; readonly notes: readonly string[] } {
  const settings = loadProjectSettings()
  const taken = keys.filter((key) => settings[key] !== undefined && (key === 'exclude' || flags.isDefault(key)))
  const values = Object.fromEntries(taken.map((key) => [key, settings[key]]))
  const exclude = [...(flags.exclude ?? []), ...(settings.exclude ?? [])]
  const notes = taken.length === 0 ? [] : [`${taken.join(', ')} from ${projectFile}`]
  return { flags: { ...flags, ...values, exclude }, notes }
}
