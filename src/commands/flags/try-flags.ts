import { type Command, Option } from 'commander'
import { AppError } from '../../errors.ts'
import { helpEnd } from './shared/help-end.ts'
import { addFileOptions, excludeOption, kustomizeOption } from './shared/input-options.ts'
import { type Finish, namespaceOption } from './shared/options.ts'

/** `pidguard try`. */
export function addTry(program: Command, finish: Finish): void {
  const verb = program
    .command('try')
    .description('Show what kubectl apply of the files would meet at a running server.')
    .argument('[file...]', 'manifests, YAML or JSON; - for standard input')
    .addOption(
      new Option('--server <url>', 'where pidguard serves')
        .env('PIDGUARD_SERVER')
        .default('https://127.0.0.1:8443')
        .argParser(readServer)
    )
    .addOption(
      new Option('--ca <file>', 'certificate authority of the server').env('PIDGUARD_CA').default('certs/ca.crt')
    )
    .addOption(namespaceOption())
    .addOption(kustomizeOption())
    .addOption(excludeOption())
    .addHelpText(
      'after',
      helpEnd(['pidguard try manifests/examples/first-look.yaml', 'helm template web ./chart | pidguard try -'], {
        0: 'everything is allowed',
        1: 'something is denied',
        2: 'something could not be read, or a mistake in the call',
        3: 'the server does not answer'
      })
    )
    .action(async (files: string[], options) => {
      const { runTry } = await import('../try.ts')
      finish(await runTry(files, options))
    })
  addFileOptions(verb)
}

/** Throws ERR_USAGE for anything but the address of an HTTPS server. */
function readServer(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text
  throw new AppError('ERR_USAGE', `--server: expected https://HOST:PORT, found ${JSON.stringify(text)}`, {
    remedy: 'Name the server as npm start prints it, such as https://127.0.0.1:8443.'
  })
}
