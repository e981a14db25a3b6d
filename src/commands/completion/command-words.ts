import type { Command } from 'commander'

/** A verb, or the program itself, as far as a shell completes it. */
export interface CommandWords {
  /** What is typed before its options: empty for the program, `policy check` for a verb of a verb. */
  readonly path: string
  readonly description: string
  readonly options: readonly OptionWords[]
  /** Words that its argument is one of; empty where it takes files, or nothing. */
  readonly values: readonly string[]
  readonly verbs: readonly CommandWords[]
}

export interface OptionWords {
  readonly long: string
  readonly short: string | undefined
  readonly description: string
  readonly takesValue: boolean
  /** Words that its value is one of; empty where it is anything. */
  readonly values: readonly string[]
}

/** Everything that a command takes, from its declaration: a new option is completed without a further word. */
export function wordsOf(command: Command, path = ''): CommandWords {
  const below = (name: string): string => (path === '' ? name : `${path} ${name}`)
  const [argument] = command.registeredArguments
  return {
    path,
    description: command.description(),
    options: command.options.map(({ long, short, description, required, optional, argChoices }) => ({
      long: long ?? '',
      short,
      description,
      takesValue: required || optional,
      values: argChoices ?? []
    })),
    values: argument?.argChoices ?? [],
    verbs: command.commands.map((each) => wordsOf(each, below(each.name())))
  }
}

/** The command and all below it. */
export function flatten(words: CommandWords): CommandWords[] {
  return [words, ...words.verbs.flatMap(flatten)]
}

/** The last word of a command's path. */
export function nameOf({ path }: CommandWords): string {
  return path.slice(path.lastIndexOf(' ') + 1)
}
