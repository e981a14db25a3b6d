import { Command, CommanderError } from 'commander'
import { AppError, errorCodes } from '../../errors.ts'
import { print } from '../../host/stdout.ts'
import { version } from '../../host/version.ts'
import { helpEnd } from '../flags/shared/help-end.ts'
import type { Finish } from '../flags/shared/options.ts'

/**
 * Exit codes, the same for every verb: 0 fine, 1 findings or a denial, 2 usage or unreadable input, 3 unreachable; and
 * of an audit 4, nothing found that counts, but not everything could be looked at.
 */
const exitUsage = 2
const exitUnreachable = 3

/** A cluster, server or snapshot that cannot be reached is neither a finding nor a mistake in the checked files. */
const unreachable: ReadonlySet<string> = new Set([
  'ERR_SERVER_UNREACHABLE',
  'ERR_CLUSTER_UNREACHABLE',
  'ERR_SNAPSHOT_UNREADABLE',
  'ERR_SNAPSHOT_INVALID'
])

/** Adds a verb. `file`: the path of this program, so that audits of `controller` can start it once more. */
export type AddVerb = (program: Command, finish: Finish, file: string) => void

/**
 * Reads the command line and runs its verb, one of `verbs`. Resolves to the exit code, or undefined when the verb keeps
 * serving. Verbs are loaded when called: `--help` does not pay for a server.
 */
export async function runProgram(argv: readonly string[], verbs: readonly AddVerb[]): Promise<number | undefined> {
  let code: number | undefined = 0
  const program = buildProgram(verbs, argv[1] ?? '', (result) => {
    code = result
  })
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    if (error instanceof CommanderError) return refused(error, program, argv)
    if (!(error instanceof AppError)) throw error
    const remedy = error.remedy === errorCodes.ERR_USAGE.hint ? whereHelpIs(program, argv) : error.remedy
    process.stderr.write(`pidguard: ${error.message}\n${remedy}\n`)
    return unreachable.has(error.code) ? exitUnreachable : exitUsage
  }
}

/** The exit code of what commander has already printed: help that was asked for, or why it cannot read the call. */
function refused({ exitCode, code }: CommanderError, program: Command, argv: readonly string[]): number {
  if (exitCode === 0) return 0
  if (code !== 'commander.help') process.stderr.write(`${whereHelpIs(program, argv)}\n`)
  return exitUsage
}

function whereHelpIs(program: Command, argv: readonly string[]): string {
  const verb = program.commands.find((each) => argv.slice(2).includes(each.name()))
  return verb === undefined
    ? 'Run pidguard --help for the verbs.'
    : `Run pidguard ${verb.name()} --help for what it takes.`
}

/** The program with these verbs. */
export function buildProgram(verbs: readonly AddVerb[], file: string, finish: Finish): Command {
  const program = new Command('pidguard')
    .description('Keeps Kubernetes nodes from running out of PIDs, and Calico alive when they nearly do.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: print,
      outputError: (text, write) => write(text.replace(/^error: /, 'pidguard: '))
    })
    .addHelpText(
      'after',
      helpEnd(['pidguard validate manifests/', 'pidguard validate --help'], {
        0: 'fine',
        1: 'findings, or a denial',
        2: 'a mistake in the call, or something could not be read',
        3: 'a cluster, a server or a snapshot cannot be had',
        4: 'nothing was found, but not all could be looked at'
      })
    )
  for (const add of verbs) add(program, finish, file)
  return program
}
