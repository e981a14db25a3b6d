import { Argument, type Command, Option } from 'commander'
import type { TopSubject } from '../../top/top.ts'
import { helpEnd } from './shared/help-end.ts'
import { addClusterOptions, type Finish, kubeletAddressOption, readingOptions, whole } from './shared/options.ts'

/** `pidguard top`. */
export function addTop(program: Command, finish: Finish): void {
  const top = program
    .command('top')
    .description('Show who uses the PIDs (threads) of the nodes now, biggest first, against both ceilings.')
    .addArgument(subjectArgument())
    .addOption(
      new Option('-o, --output <format>', 'how to print it; snapshot: everything read, as a file for --snapshot')
        .choices(['text', 'wide', 'json', 'yaml', 'snapshot'])
        .default('text')
    )
    .option('-n, --namespace <name>', 'only pods of this namespace')
    .option('--node <name>', 'only this node, or the pods on it')
    .addOption(whole('--limit <rows>', 'most rows to print; 0: all', 'PIDGUARD_TOP_LIMIT', 0, 1_000_000))
    .option('--snapshot <file>', 'read this snapshot, not a cluster; - for standard input')
    .addOption(new Option('--policy <file>', 'policy that sets estimates and floors').env('PIDGUARD_POLICY'))
  addClusterOptions(top)
  top
    .addHelpText(
      'after',
      helpEnd(['pidguard top nodes', 'pidguard top pods --node worker-3 --limit 10'], {
        0: 'at least one node could be read',
        2: 'a mistake in the call',
        3: 'no node, or not the cluster or snapshot, could be read'
      })
    )
    .addOption(kubeletAddressOption())
    .action(async (subject: TopSubject, options) => {
      const { runTop } = await import('../top.ts')
      finish(await runTop(subject, options))
    })
  for (const option of readingOptions(['kubelet', 'prometheus'])) top.addOption(option)
}

const subjects = ['nodes', 'pods', 'workloads'] as const satisfies readonly TopSubject[]

/** kubectl takes one of a thing, and short names, as well. */
const shortNames: Readonly<Record<string, TopSubject>> = { no: 'nodes', po: 'pods' }

function subjectArgument(): Argument {
  const argument = new Argument('<subject>', 'what to list').choices(subjects)
  const parse = argument.parseArg as (text: string, previous: undefined) => TopSubject
  return argument.argParser((text: string) => {
    const plural = subjects.find((subject) => subject === `${text}s`)
    return plural ?? (Object.hasOwn(shortNames, text) ? (shortNames[text] as TopSubject) : parse(text, undefined))
  })
}
