import { type CommandWords, flatten, nameOf } from './command-words.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script that a shell reads to complete `pidguard`. Nothing is run while a person types. */
export function renderCompletion(shell: Shell, program: CommandWords): string {
  if (shell === 'fish') return fishScript(program)
  const bash = bashScript(program)
  // zsh reads completions of bash by its own bashcompinit.
  return shell === 'bash'
    ? bash
    : `#compdef pidguard\nautoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash}`
}

/** Words of a script in single quotes. */
function quoted(words: readonly string[]): string {
  return `'${words.join(' ').replaceAll("'", "'\\''")}'`
}

/** The flags of a command that take a value, each with the words that it may be. */
function valueFlags({ path, options }: CommandWords): { readonly flag: string; readonly values: string }[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .flatMap(({ long, short, values }) =>
      [long, short]
        .filter((flag) => flag !== undefined)
        .map((flag) => ({ flag: `'${path} ${flag}'`, values: quoted(values) }))
    )
}

function bashScript(program: CommandWords): string {
  const all = flatten(program)
  const flags = Map.groupBy(all.flatMap(valueFlags), ({ values }) => values)
  const values = [...flags].map(
    ([words, of]) => `    ${of.map(({ flag }) => flag).join(' | ')}) words=${words} isValue=1 ;;`
  )
  const words = all.map(({ path, options, values, verbs }) => {
    const plain = [...verbs.map(nameOf), ...values]
    return `    '${path}') words=${quoted(plain)} flags=${quoted([...options.map(({ long }) => long), '--help'])} ;;`
  })
  const paths = all.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`)
  return `# Completion of pidguard for bash. Load it with: source <(pidguard completion bash)
_pidguard() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local path='' words='' flags='' isValue='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
    ${paths.join(' | ')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $previous" in
${values.join('\n')}
  esac
  if [[ -z $isValue ]]; then
    case "$path" in
${words.join('\n')}
    esac
    [[ $current == -* ]] && words=$flags
  fi
  # Where no word fits, bash completes files: -o default below says so.
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _pidguard pidguard
`
}

function fishScript(program: CommandWords): string {
  const lines = flatten(program).flatMap((command) => {
    const seen = command.path === '' ? '' : ` -n ${quoted([`__fish_seen_subcommand_from ${nameOf(command)}`])}`
    const top = command.path === '' ? " -n '__fish_use_subcommand'" : seen
    const verbs = command.verbs.map(
      (verb) => `complete -c pidguard -f${top} -a ${nameOf(verb)} -d ${quoted([verb.description])}`
    )
    const values = command.values.length === 0 ? [] : [`complete -c pidguard -f${top} -a ${quoted(command.values)}`]
    const options = command.options.map(({ long, short, description, takesValue, values }) => {
      const letter = short === undefined ? '' : ` -s ${short.slice(1)}`
      const given = values.length > 0 ? ` -x -a ${quoted(values)}` : takesValue ? ' -r' : ''
      return `complete -c pidguard${seen} -l ${long.slice(2)}${letter}${given} -d ${quoted([description])}`
    })
    return [...verbs, ...values, ...options]
  })
  return `# Completion of pidguard for fish. Load it with: pidguard completion fish | source\n${lines.join('\n')}\n`
}
