import { existsSync } from 'node:fs'
import { type ProjectSettings, projectFile, readProjectSettings } from '../../input/project-settings.ts'
import { readText } from './input-files.ts'

/** What `.pidguard.yaml` in the working directory says; nothing where there is none. Throws ERR_USAGE for a bad one. */
export function loadProjectSettings(): ProjectSettings {
  return existsSync(projectFile) ? readProjectSettings(readText('settings', projectFile), projectFile) : {}
}
