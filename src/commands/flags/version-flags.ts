import { Argument, type Command } from 'commander'
import { print } from '../../host/stdout.ts'
import { version } from '../../host/version.ts'
import type { Shell } from '../completion/render-completion.ts'
import { helpEnd } from './shared/help-end.ts'

/** `pidguard version` and `completion`. */
export function addVersion(program: Command): void {
  program
    .command('version')
    .description('Print the version of pidguard, and of the Node that runs it.')
    .addHelpText('after', helpEnd(['pidguard version', 'npx pidguard version'], { 0: 'always' }))
    .action(() => print(`pidguard ${version} (Node ${process.versions.node})\n`))
  program
    .command('completion')
    .description('Print a script that completes pidguard in a shell.')
    .addArgument(new Argument('<shell>', 'for which shell').choices(['bash', 'zsh', 'fish'] satisfies Shell[]))
    .addHelpText(
      'after',
      helpEnd(
        ['source <(pidguard completion bash)', 'pidguard completion fish > ~/.config/fish/completions/pidguard.fish'],
        {
          0: 'printed',
          2: 'no such shell'
        }
      )
    )
    .action(async (shell: Shell) => {
      const [{ wordsOf }, { renderCompletion }] = await Promise.all([
        import('../completion/command-words.ts'),
        import('../completion/render-completion.ts')
      ])
      print(renderCompletion(shell, wordsOf(program)))
    })
}
