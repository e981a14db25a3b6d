import { Command, CommanderError } from 'commander'
import { AppError, errorCodes } from '../errors.ts'
import { version } from '../host/version.ts'
import { addAudit } from './flags/audit-flags.ts'
import { addCalico } from './flags/calico-flags.ts'
import { addController } from './flags/controller-flags.ts'
import { addDoctor } from './flags/doctor-flags.ts'
import { addEmit } from './flags/emit-flags.ts'
import { addMutate } from './flags/mutate-flags.ts'
import { addPolicy } from './flags/policy-flags.ts'
import { addRecommend } from './flags/recommend-flags.ts'
import { addRules } from './flags/rules-flags.ts'
import { addServe } from './flags/serve-flags.ts'
import { helpEnd } from './flags/shared/help-end.ts'
import type { Finish } from './flags/shared/options.ts'
import { addTop } from './flags/top-flags.ts'
import { addTry } from './flags/try-flags.ts'
import { addValidate } from './flags/validate-flags.ts'
import { addVersion } from './flags/version-flags.ts'

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

/**
 * Reads the command line and runs its verb. Resolves to the exit code, or undefined when the verb keeps serving.
 * Verbs are loaded when called: `--help` does not pay for a server.
 */
export async function run(argv: readonly string[]): Promise<number | undefined> {
  let code: number | undefined = 0
  const program = buildProgram((result) => {
    code = result
  }, argv[1] ?? '')
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

/** What `--help` prints. main.ts prints a copy made at build time, so that asking costs no more than starting Node. */
export function renderHelp(): string {
  return helpOf(
    buildProgram(() => {}),
    100
  )
}

/** Examples and exit codes are printed by listeners, not part of commander's `helpInformation`. */
function helpOf(command: Command, helpWidth: number): string {
  let text = ''
  command
    .configureHelp({ helpWidth })
    .configureOutput({
      writeOut(part) {
        text += part
      }
    })
    .outputHelp()
  return text.trimEnd()
}

/** The pages of the command line by their path below `docs`: one of the program, and one of each verb with its own verbs. */
export function renderCliDocs(): Readonly<Record<string, string>> {
  const sections = (command: Command, name: string): string[] => [
    `# ${name}\n\n\`\`\`text\n${helpOf(command, 120)}\n\`\`\`\n`,
    ...command.commands.flatMap((each) => sections(each, `${name} ${each.name()}`).map((text) => `#${text}`))
  ]
  const made = '<!-- Made by `npm run docs`. -->\n'
  const program = buildProgram(() => {})
  const links = program.commands.map((verb) => `[${verb.name()}](cli/${verb.name()}.md)`).join(' · ')
  return {
    'cli.md': [made, '# Command line\n', `${links}\n`, `\`\`\`text\n${helpOf(program, 120)}\n\`\`\`\n`].join('\n'),
    ...Object.fromEntries(
      program.commands.map((verb) => [
        `cli/${verb.name()}.md`,
        [made, ...sections(verb, `pidguard ${verb.name()}`)].join('\n')
      ])
    )
  }
}

/** `file`: the path of this program, so that audits of `controller` can start it once more. */
function buildProgram(finish: Finish, file = ''): Command {
  const program = new Command('pidguard')
    .description('Keeps Kubernetes nodes from running out of PIDs, and Calico alive when they nearly do.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'pidguard: ')) })
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
  addServe(program, finish)
  addController(program, finish, file)
  addTry(program, finish)
  addTop(program, finish)
  addRecommend(program, finish)
  addValidate(program, finish)
  addAudit(program, finish)
  addMutate(program, finish)
  addRules(program)
  addCalico(program, finish)
  addDoctor(program, finish)
  addPolicy(program)
  addEmit(program)
  addVersion(program)
  return program
}
