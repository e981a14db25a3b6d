import { join } from 'node:path'

/**
 * Goes back to where the person stands. `npm run pidguard` starts the program in the folder of the package, while paths on
 * the command line are meant from where npm was called, which it says in INIT_CWD. Scripts of others run where they should.
 */
export function standWhereThePersonStands(process: NodeJS.Process): void {
  const { INIT_CWD, npm_lifecycle_event, npm_package_name } = process.env
  if (npm_package_name !== 'pidguard' || npm_lifecycle_event !== 'pidguard') return
  if (INIT_CWD === undefined || INIT_CWD === process.cwd()) return
  // What npm start has made lies in the package.
  process.env['PIDGUARD_CA'] ??= join(process.cwd(), 'certs/ca.crt')
  process.chdir(INIT_CWD)
}
