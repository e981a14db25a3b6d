import type { Command } from 'commander'
import { addAudit } from '../flags/audit-flags.ts'
import { addCalico } from '../flags/calico-flags.ts'
import { addController } from '../flags/controller-flags.ts'
import { addDoctor } from '../flags/doctor-flags.ts'
import { addEmit } from '../flags/emit-flags.ts'
import { addMutate } from '../flags/mutate-flags.ts'
import { addPolicy } from '../flags/policy-flags.ts'
import { addRecommend } from '../flags/recommend-flags.ts'
import { addRules } from '../flags/rules-flags.ts'
import { addServe } from '../flags/serve-flags.ts'
import { addTop } from '../flags/top-flags.ts'
import { addTry } from '../flags/try-flags.ts'
import { addValidate } from '../flags/validate-flags.ts'
import { addVersion } from '../flags/version-flags.ts'
import { type AddVerb, buildProgram, runProgram } from './run-program.ts'

const verbs: readonly AddVerb[] = [
  addServe,
  addController,
  addTry,
  addTop,
  addRecommend,
  addValidate,
  addAudit,
  addMutate,
  addRules,
  addCalico,
  addDoctor,
  addPolicy,
  addEmit,
  addVersion
]

/** pidguard with all its verbs; see `runProgram`. */
export function run(argv: readonly string[]): Promise<number | undefined> {
  return runProgram(argv, verbs)
}

/** What `--help` prints. main.ts prints a copy made at build time, so that asking costs no more than starting Node. */
export function renderHelp(): string {
  return helpOf(
    buildProgram(verbs, '', () => {}),
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
  const program = buildProgram(verbs, '', () => {})
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
