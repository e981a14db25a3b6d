import { type Command, Option } from 'commander'
import { type Finish, namespaceOption } from './options.ts'

/** `pidguard try`. */
export function addTry(program: Command, finish: Finish): void {
  program
    .command('try')
    .description('Show what kubectl apply of the files would meet at a running server.')
    .argument('<file...>', 'manifests, YAML or JSON; - for standard input')
    .addOption(
      new Option('--server <url>', 'where pidguard serves').env('PIDGUARD_SERVER').default('https://127.0.0.1:8443')
    )
    .addOption(
      new Option('--ca <file>', 'certificate authority of the server').env('PIDGUARD_CA').default('certs/ca.crt')
    )
    .addOption(namespaceOption())
    .action(async (files: string[], options) => {
      const { runTry } = await import('../try.ts')
      finish(await runTry(files, options))
    })
}
