import { type Command, Option } from 'commander'
import { helpEnd } from './shared/help-end.ts'
import { addFileOptions, excludeOption, noColorOption, quietOption } from './shared/input-options.ts'
import {
  addClusterOptions,
  collect,
  type Finish,
  failOnOption,
  kubeletAddressOption,
  kubeletServiceAccountOption,
  policyOption,
  readingOptions,
  reportObjectsOption,
  whole
} from './shared/options.ts'

/** `pidguard audit`. */
export function addAudit(program: Command, finish: Finish): void {
  const audit = program
    .command('audit')
    .description('Report what breaks the policy in a cluster, which nodes are short of PIDs, and what to do first.')
    .argument('[path...]', 'files of kubectl get -o json, or manifests, in place of a cluster; - for standard input')
    .addOption(
      new Option(
        '-o, --output <format[=file]>',
        'text, json, sarif, junit, markdown, csv, html or totals; may be given several times'
      ).argParser(collect)
    )
    .addOption(failOnOption('audit'))
    .addOption(excludeOption())
    .addOption(quietOption())
    .addOption(noColorOption())
    .option('--since <file>', 'an earlier report (-o json): say what is new and what is fixed; only what is new counts')
    .option(
      '--snapshot <file>',
      'nodes and threads of this snapshot, in place of a cluster (with --readings snapshot: only its readings); - for standard input'
    )
    .addOption(reportObjectsOption('--report-objects'))
    .addOption(
      whole(
        '--kube-api-qps <n>',
        'calls of the API server a second at most; 0: no limit',
        'PIDGUARD_KUBE_API_QPS',
        0,
        1_000
      )
    )
    .addOption(policyOption())
  addClusterOptions(audit)
  audit
    .addOption(kubeletAddressOption())
    .addHelpText(
      'after',
      helpEnd(['pidguard audit -o text -o html=audit.html', 'pidguard audit --fail-on deny --since last-week.json'], {
        0: 'clean',
        1: 'findings that count',
        2: 'a mistake in the call, or nothing of the files could be read',
        3: 'the cluster or the snapshot cannot be had',
        4: 'no findings that count, but something could not be looked at'
      })
    )
    .action(async (paths: string[], options) => {
      const { runAudit } = await import('../audit.ts')
      finish(await runAudit(paths, options))
    })
  addFileOptions(audit)
  for (const option of readingOptions(['kubelet', 'prometheus', 'snapshot'])) audit.addOption(option)
  audit.addOption(kubeletServiceAccountOption())
}
