import { Argument, type Command, Option } from 'commander'
import { addClusterOptions, type Finish, policyOption } from './options.ts'

/** `pidguard calico`. */
export function addCalico(program: Command, finish: Finish): void {
  const calico = program
    .command('calico')
    .description(
      'Show for each node the iptables backend of Calico, what set it, and what the node would need. Writes nothing.'
    )
    .addArgument(
      new Argument('[what]', 'nodes, or rollout: commands that bring every pod to the newest revision, node by node')
        .choices(['nodes', 'rollout'])
        .default('nodes')
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addOption(policyOption())
  addClusterOptions(calico)
  calico.action(async (what: 'nodes' | 'rollout', options) => {
    const { runCalico } = await import('../calico.ts')
    finish(await runCalico(what, options))
  })
}
