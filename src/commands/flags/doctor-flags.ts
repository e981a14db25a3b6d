import { type Command, Option } from 'commander'
import { version } from '../../host/version.ts'
import { helpEnd } from './shared/help-end.ts'
import { quietOption } from './shared/input-options.ts'
import { addClusterOptions, type Finish } from './shared/options.ts'

/** `pidguard doctor`. */
export function addDoctor(program: Command, finish: Finish): void {
  const doctor = program
    .command('doctor')
    .description('Check whether an installation is sound, and say how to fix it. Stores nothing.')
  addClusterOptions(doctor)
  doctor
    .option('-n, --namespace <name>', 'where pidguard is installed', 'pidguard-system')
    .option('--probe-namespace <name>', 'where a pod is tried, as a dry run', 'default')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 from this level up').choices(['warn', 'error']).default('error')
    )
    .addOption(quietOption())
    .addHelpText(
      'after',
      helpEnd(['pidguard doctor', 'pidguard doctor --fail-on warn -o json'], {
        0: 'the installation is sound',
        1: 'something is wrong, at or above --fail-on',
        2: 'a mistake in the call',
        3: 'the cluster does not answer'
      })
    )
    .action(async (options) => {
      const { runDoctor } = await import('../doctor.ts')
      finish(await runDoctor({ ...options, version }))
    })
}
