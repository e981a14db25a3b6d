#!/usr/bin/env node
// The process: Node's version, arguments, exit code. Everything else is wired in commands/.
import { loadCompiled } from './host/compiled-file.ts'

/** client-node's HTTP library (undici 8) does not load on anything older. */
const oldest = [22, 19] as const

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1])
}

/**
 * What most calls of a shell ask for, answered without the parser of arguments, which costs as much processor time as Node's
 * own start: measured, 27 ms for an empty program, 35 ms for --help, 64 ms for the help of a verb.
 */
async function answerTo(args: readonly string[]): Promise<string | undefined> {
  if (args.length !== 1) return undefined
  if (args[0] === '--version' || args[0] === '-V') return (await import('./host/version.ts')).version
  if (args[0] === '--help' || args[0] === '-h') return (await import('./commands/help-text.generated.ts')).helpText
  return undefined
}

interface Program {
  run(argv: readonly string[]): Promise<number | undefined>
}

/** The program that knows the verb. The build makes `validate-program.cjs` beside this file; run from source there is none. */
async function programFor(args: readonly string[]): Promise<Program> {
  const ofValidate = `${import.meta.dirname}/validate-program.cjs`
  if (isValidateAlone(args) && process.getBuiltinModule('node:fs').existsSync(ofValidate)) {
    return loadCompiled(ofValidate) as Program
  }
  process.getBuiltinModule('node:module').enableCompileCache()
  return await import('./commands/program/whole-program.ts')
}

/** A check of files without a cluster. What talks to one is ten times as large as the rest. */
function isValidateAlone([verb, ...flags]: readonly string[]): boolean {
  return verb === 'validate' && !flags.some((flag) => /^--(snapshot|kubeconfig|context)(=|$)/.test(flag))
}

if (isTooOld(process.versions.node)) {
  console.error(
    `pidguard: expected Node ${oldest.join('.')} or newer, found ${process.versions.node}. npm start and npm run pidguard bring their own.`
  )
  process.exitCode = 2
} else {
  const answer = await answerTo(process.argv.slice(2))
  if (answer === undefined) {
    if (process.env['npm_package_name'] === 'pidguard') {
      const { standWhereThePersonStands } = await import('./host/npm-folder.ts')
      standWhereThePersonStands(process)
    }
    const { run } = await programFor(process.argv.slice(2))
    const code = await run(process.argv)
    // `serve` has no exit code until it stops.
    if (code !== undefined) process.exitCode = code
  } else {
    const { print } = await import('./host/stdout.ts')
    print(`${answer}\n`)
  }
}
