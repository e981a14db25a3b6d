import { type Command, Option } from 'commander'
import { recommendFormats } from '../../recommend/render.ts'
import { helpEnd } from './shared/help-end.ts'
import { addClusterOptions, type Finish, kubeletAddressOption, readingOptions, span } from './shared/options.ts'

/** `pidguard recommend`. */
export function addRecommend(program: Command, finish: Finish): void {
  const recommend = program
    .command('recommend')
    .description(
      'Recommend settings of kubelets and kernels, and what workloads should declare, by what was seen over time.'
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print it; yaml: the configuration of nodes, as it is applied')
        .choices(recommendFormats)
        .default('text')
    )
    .option(
      '--snapshot <file...>',
      'what was seen: snapshots of several moments (pidguard top nodes -o snapshot), and no cluster'
    )
    .addOption(
      span(
        '--during <span>',
        'read the cluster again and again for so long; nothing is recommended from less than 1h',
        'PIDGUARD_RECOMMEND_DURING'
      )
    )
    .addOption(
      span(
        '--past <span>',
        'with --readings prometheus: what it knows since then, 7d say; at most 200 moments',
        'PIDGUARD_RECOMMEND_PAST'
      )
    )
    .addOption(span('--every <span>', 'between two readings', 'PIDGUARD_RECOMMEND_EVERY', '1m'))
    .option('--pool <name>', 'only this pool of nodes')
    .addOption(
      new Option('--policy <file>', 'policy that says what an outlier is, and the least ceiling').env('PIDGUARD_POLICY')
    )
    .addHelpText(
      'after',
      helpEnd(['pidguard recommend --during 2h', 'pidguard recommend --readings prometheus --past 7d -o yaml'], {
        0: 'at least one pool has a recommendation',
        2: 'a mistake in the call or the policy',
        3: 'the cluster or a snapshot could not be read',
        4: 'too little was seen to recommend anything'
      })
    )
  addClusterOptions(recommend)
  recommend.addOption(kubeletAddressOption()).action(async (options) => {
    const { runRecommend } = await import('../recommend.ts')
    finish(await runRecommend(options))
  })
  for (const option of readingOptions(['kubelet', 'prometheus'])) recommend.addOption(option)
}
