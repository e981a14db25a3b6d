import { spawnSync } from 'node:child_process'
import { Argument, Command, Option } from 'commander'
import t from 'tap'
import { wordsOf } from '../../../src/commands/completion/command-words.ts'
import { renderCompletion } from '../../../src/commands/completion/render-completion.ts'

function program(): Command {
  const command = new Command('pidguard').version('1')
  command
    .command('validate')
    .description("it's checked")
    .option('-f, --filename <path>', 'a file')
    .option('--quiet', 'less')
    .addOption(new Option('--fail-on <what>', 'when').choices(['never', 'deny']))
  command.command('top').addArgument(new Argument('<subject>').choices(['nodes', 'pods']))
  command.command('policy').command('check').option('--strict', 'more')
  return command
}

const words = wordsOf(program())

/** What bash offers after these words, the last one half typed. */
function offered(...line: string[]): string[] {
  const script = `${renderCompletion('bash', words)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pidguard; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', 'pidguard', ...line], { encoding: 'utf8' })
  t.equal(stderr, '')
  return stdout.split('\n').filter((word) => word !== '')
}

void t.test('bash completes verbs, flags, and values that are one of some', async (t) => {
  t.strictSame(offered(''), ['validate', 'top', 'policy'])
  t.strictSame(offered('va'), ['validate'])
  t.strictSame(offered('--v'), ['--version'])
  t.strictSame(offered('validate', '--f'), ['--filename', '--fail-on'])
  t.strictSame(offered('validate', '--fail-on', ''), ['never', 'deny'])
  t.strictSame(offered('validate', '--quiet', '--fail-on', 'd'), ['deny'])
  t.strictSame(offered('top', 'n'), ['nodes'])
  t.strictSame(offered('policy', ''), ['check'])
  t.strictSame(offered('policy', 'check', '--s'), ['--strict'])
})

void t.test('where a file fits, bash is left to complete files', async (t) => {
  t.strictSame(offered('validate', 'ma'), [])
  t.strictSame(offered('validate', '-f', 'ma'), [])
  t.strictSame(offered('policy', 'check', 'po'), [])
  t.match(renderCompletion('bash', words), /^complete -o default -F _pidguard pidguard$/m)
})

void t.test('zsh reads the same by bashcompinit, fish has a line for each word', async (t) => {
  t.match(renderCompletion('zsh', words), /^#compdef pidguard\n[\s\S]*bashcompinit\n[\s\S]*_pidguard\(\)/)
  const fish = renderCompletion('fish', words)
  t.match(fish, "complete -c pidguard -f -n '__fish_use_subcommand' -a validate -d 'it'\\''s checked'")
  t.match(
    fish,
    "complete -c pidguard -n '__fish_seen_subcommand_from validate' -l fail-on -x -a 'never deny' -d 'when'"
  )
  t.match(fish, "complete -c pidguard -n '__fish_seen_subcommand_from validate' -l filename -s f -r -d 'a file'")
  t.match(fish, "complete -c pidguard -f -n '__fish_seen_subcommand_from top' -a 'nodes pods'")
  t.match(fish, "complete -c pidguard -n '__fish_seen_subcommand_from check' -l strict -d 'more'")
})
