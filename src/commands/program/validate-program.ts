import { addValidate } from '../flags/validate-flags.ts'
import { runProgram } from './run-program.ts'

/**
 * `pidguard validate` and nothing else, which the build puts into one file: to find and link the forty files of the whole
 * program takes Node longer than to check a manifest. Without what reads a cluster; see `isValidateAlone` in main.ts.
 */
export function run(argv: readonly string[]): Promise<number | undefined> {
  return runProgram(argv, [addValidate])
}
