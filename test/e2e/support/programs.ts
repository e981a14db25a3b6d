import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether there is a file that may be run. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The programs that are in none of the folders of PATH, nor in the others given. */
export function lackingPrograms(
  programs: readonly string[],
  env: NodeJS.ProcessEnv,
  others: readonly string[] = []
): string[] {
  const folders = [...others, ...(env.PATH ?? '').split(delimiter)]
  return programs.filter((program) => !folders.some((folder) => isProgram(join(folder, program))))
}
