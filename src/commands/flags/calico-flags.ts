import { Argument, type Command, Option } from 'commander'
import { helpEnd } from './shared/help-end.ts'
import { addClusterOptions, type Finish, kubeletAddressOption, policyOption, readingOptions } from './shared/options.ts'

/** `pidguard calico`. */
export function addCalico(program: Command, finish: Finish): void {
  const calico = program
    .command('calico')
    .description(
      'Show for each node the iptables backend of Calico, what set it, what Felix was seen to use, and what the node would need. Writes nothing, except rollout --run.'
    )
    .addArgument(
      new Argument('[what]', 'nodes, or rollout: commands that bring every pod to the newest revision, node by node')
        .choices(['nodes', 'rollout'])
        .default('nodes')
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addOption(policyOption())
    .option(
      '--run',
      'of a rollout: delete the pods, each when its node has its floor of PIDs free and the one before is ready'
    )
    .option('--node <name...>', 'of a rollout: only these nodes, in this order')
  addClusterOptions(calico)
  calico
    .addOption(kubeletAddressOption())
    .addHelpText(
      'after',
      helpEnd(['pidguard calico', 'pidguard calico rollout --run'], {
        0: 'nothing is wrong',
        1: 'something is wrong',
        2: 'a mistake in the call',
        3: 'the cluster does not answer',
        4: 'nothing wrong was found, but not all could be read'
      })
    )
    .action(async (what: 'nodes' | 'rollout', options) => {
      const { runCalico } = await import('../calico.ts')
      finish(await runCalico(what, options))
    })
  for (const option of readingOptions(['kubelet', 'prometheus'])) calico.addOption(option)
}
