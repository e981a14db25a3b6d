import { Argument, Command, CommanderError, Option } from 'commander'
import { AppError } from '../errors.ts'
import { version } from '../host/version.ts'
import type { TopSubject } from '../top/top.ts'
import {
  collect,
  kubeletAddressOption,
  kubeletServiceAccountOption,
  kubernetesVersionOption,
  namespaceLabelsOption,
  policyOption,
  port,
  readingOptions,
  reportObjectsOption,
  seconds,
  span,
  whole
} from './options.ts'

/**
 * Exit codes, the same for every verb: 0 fine, 1 findings or a denial, 2 usage or unreadable input, 3 unreachable; and
 * of an audit 4, nothing found that counts, but not everything looked at.
 */
const exitUsage = 2
const exitUnreachable = 3

/** Facts that cannot be had are not findings, and not a fault of what was to be judged. */
const unreachable: ReadonlySet<string> = new Set([
  'ERR_SERVER_UNREACHABLE',
  'ERR_CLUSTER_UNREACHABLE',
  'ERR_SNAPSHOT_UNREADABLE',
  'ERR_SNAPSHOT_INVALID'
])

/**
 * Reads the command line and runs its verb. Resolves to the exit code, or undefined when the verb serves on.
 * Verbs are loaded when called: `--help` does not pay for a server.
 */
export async function run(argv: readonly string[]): Promise<number | undefined> {
  let code: number | undefined = 0
  const program = buildProgram((result) => {
    code = result
  }, argv[1] ?? '')
  try {
    await program.parseAsync(argv)
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage
    if (!(error instanceof AppError)) throw error
    process.stderr.write(`pidguard: ${error.message}\n${error.info.hint}\n`)
    return unreachable.has(error.code) ? exitUnreachable : exitUsage
  }
}

/** What `--help` prints; main.ts has it made beforehand, so that asking costs no more than Node itself. */
export function renderHelp(): string {
  return buildProgram(() => {})
    .configureHelp({ helpWidth: 100 })
    .helpInformation()
}

/** `file`: the program itself, as Node was told to run it. */
function buildProgram(finish: (code: number | undefined) => void, file = ''): Command {
  const program = new Command('pidguard')
    .description('Keeps Kubernetes nodes from running out of PIDs, and Calico alive when they nearly do.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
  const serve = program
    .command('serve')
    .description('Answer admission reviews of a kube-apiserver over HTTPS.')
    .addOption(new Option('--host <address>', 'address to listen on (default: all)').env('PIDGUARD_HOST'))
    .addOption(port('--port <port>', 'HTTPS port of /mutate and /validate', 'PIDGUARD_PORT', 8443))
    .addOption(port('--probe-port <port>', 'HTTP port of /livez, /readyz and /metrics', 'PIDGUARD_PROBE_PORT', 8080))
    .addOption(
      new Option('--cert-dir <folder>', 'folder of tls.crt and tls.key; made there, self-signed, when there are none')
        .env('PIDGUARD_CERT_DIR')
        .default('certs')
    )
    .addOption(
      new Option(
        '--cert-secret <name>',
        'in a cluster: the Secret of the serving certificate, in place of a folder; made, renewed and told to the API server'
      ).env('PIDGUARD_CERT_SECRET')
    )
    .addOption(
      new Option('--cert-issuer <who>', 'who makes what that Secret holds; of others it is only read')
        .env('PIDGUARD_CERT_ISSUER')
        .choices(['pidguard', 'other'])
        .default('pidguard')
    )
    .addOption(span('--cert-leaf-life <span>', 'life of a serving certificate', 'PIDGUARD_CERT_LEAF_LIFE', '90d'))
    .addOption(span('--cert-ca-life <span>', 'life of its authority', 'PIDGUARD_CERT_CA_LIFE', '730d'))
    .addOption(
      span(
        '--cert-overlap <span>',
        'time that a new authority is trusted before it signs, and an old one after',
        'PIDGUARD_CERT_OVERLAP',
        '1d'
      )
    )
    .addOption(
      new Option('--kubeconfig <file>', 'the cluster to guard, from outside (default: the one this pod is in)')
    )
    .addOption(
      new Option(
        '--snapshot <file>',
        'nodes, pods and readings of a file, in place of a cluster; with --readings snapshot only its readings'
      ).env('PIDGUARD_SNAPSHOT')
    )
    .addOption(
      span('--readings-interval <span>', 'time between two readings of a node', 'PIDGUARD_READINGS_INTERVAL', '15s')
    )
    .addOption(policyOption())
    .addOption(
      span(
        '--audit-interval <span>',
        'time between two audits of the cluster by the leader, told in the metrics (default: none)',
        'PIDGUARD_AUDIT_INTERVAL'
      )
    )
    .addOption(reportObjectsOption('--audit-report-objects', 'PIDGUARD_AUDIT_REPORT_OBJECTS'))
    .addOption(
      new Option('--log-level <level>', 'least level that is logged')
        .env('PIDGUARD_LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info')
    )
    .addOption(
      seconds('--drain <seconds>', 'time from the signal to stop until connections are closed', 'PIDGUARD_DRAIN', 5)
    )
    .action(async (options) => {
      const { serve } = await import('../serve/serve.ts')
      await serve({ ...options, version, program: file })
      finish(undefined)
    })
  for (const option of readingOptions(['kubelet', 'prometheus', 'snapshot'])) serve.addOption(option)
  serve.addOption(kubeletServiceAccountOption())
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
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .action(async (files: string[], options) => {
      const { runTry } = await import('./try.ts')
      finish(await runTry(files, options))
    })
  const top = program
    .command('top')
    .description('Show who uses the PIDs (threads) of the nodes now, biggest first, against both ceilings.')
    .addArgument(new Argument('<subject>', 'what to list').choices(['nodes', 'pods', 'workloads']))
    .addOption(
      new Option('-o, --output <format>', 'how to print it; snapshot: everything read, as a file for --snapshot')
        .choices(['text', 'wide', 'json', 'yaml', 'snapshot'])
        .default('text')
    )
    .option('-n, --namespace <name>', 'only pods of this namespace')
    .option('--node <name>', 'only this node, or the pods on it')
    .addOption(whole('--limit <rows>', 'most rows to print; 0: all', 'PIDGUARD_TOP_LIMIT', 0, 1_000_000))
    .option('--snapshot <file>', 'read this snapshot, not a cluster; - for standard input')
    .addOption(new Option('--policy <file>', 'policy that says estimates and floors').env('PIDGUARD_POLICY'))
    .addOption(new Option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)'))
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(kubeletAddressOption())
    .action(async (subject: TopSubject, options) => {
      const { runTop } = await import('./top.ts')
      finish(await runTop(subject, options))
    })
  for (const option of readingOptions(['kubelet', 'prometheus'])) top.addOption(option)
  const validate = program
    .command('validate')
    .description('Check manifests as the webhook would, without a cluster: files, folders, patterns, standard input.')
    .argument('<path...>', 'files, folders or patterns of YAML and JSON; - for standard input')
    .addOption(
      new Option(
        '-o, --output <format[=file]>',
        'text, json, sarif, junit, github or markdown; may be given several times'
      ).argParser(collect)
    )
    .addOption(
      new Option('--fail-on <what>', 'exit 1 on what: each includes those before it')
        .env('PIDGUARD_FAIL_ON')
        .choices(['never', 'deny', 'warn', 'change', 'audit'])
        .default('deny')
    )
    .addOption(policyOption())
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .addOption(namespaceLabelsOption())
    .addOption(kubernetesVersionOption())
    .option('--snapshot <file>', 'judge the room for PIDs by this snapshot of a cluster; - for standard input')
    .option('--kubeconfig <file>', 'judge it by the cluster as it is now; nothing is sent there')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--baseline <file>', 'old findings that do not count, each with a reason and a last day')
    .option('--write-baseline <file>', 'write a baseline of everything found now')
    .option('--reason <text>', 'reason for the entries of --write-baseline', 'there when the baseline was written')
    .option('--expires <day>', 'last day of the entries of --write-baseline, as 2026-12-31 (default: in 90 days)')
    .action(async (paths: string[], options) => {
      const { runValidate } = await import('./validate.ts')
      finish(await runValidate(paths, { ...options, version }))
    })
  for (const option of readingOptions(['kubelet', 'prometheus'])) validate.addOption(option)
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
    .addOption(
      new Option('--fail-on <what>', 'exit 1 on what: each includes those before it')
        .env('PIDGUARD_FAIL_ON')
        .choices(['never', 'deny', 'warn', 'change', 'audit'])
        .default('audit')
    )
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
    .addOption(new Option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)'))
    .option('--context <name>', 'context of the kubeconfig')
    .addOption(kubeletAddressOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 clean, 1 findings that count, 2 usage or unreadable input, 3 cluster unreachable,\n4 no findings that count, but parts of the cluster could not be looked at.'
    )
    .action(async (paths: string[], options) => {
      const { runAudit } = await import('./audit.ts')
      finish(await runAudit(paths, options))
    })
  for (const option of readingOptions(['kubelet', 'prometheus', 'snapshot'])) audit.addOption(option)
  audit.addOption(kubeletServiceAccountOption())
  program
    .command('mutate')
    .description('Print manifests as the webhook would store them, comments and order kept.')
    .argument('<path...>', 'files, folders or patterns of YAML and JSON; - for standard input')
    .option('--diff', 'print only what changes, as diff -u does')
    .option('--patch', 'print the JSON Patch of each object')
    .option('--write', 'change the files')
    .addOption(policyOption())
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .addOption(namespaceLabelsOption())
    .addOption(kubernetesVersionOption())
    .action(async (paths: string[], options) => {
      const { runMutate } = await import('./mutate.ts')
      finish(await runMutate(paths, options))
    })
  program
    .command('rules')
    .description('List the rules, or explain one.')
    .argument('[id]', 'the rule to explain')
    .action(async (id: string | undefined) => {
      const [{ policyRules }, { renderRule, renderRuleList }] = await Promise.all([
        import('../rules/index.ts'),
        import('../rules/docs/rule-text.ts')
      ])
      process.stdout.write(`${id === undefined ? renderRuleList(policyRules) : renderRule(policyRules, id)}\n`)
    })
  program
    .command('calico')
    .description('Show for each node what Calico is told, by whom, and what the node would need. Writes nothing.')
    .addArgument(
      new Argument('[what]', 'nodes, or rollout: commands that bring every pod to the newest revision, node by node')
        .choices(['nodes', 'rollout'])
        .default('nodes')
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addOption(policyOption())
    .addOption(new Option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)'))
    .option('--context <name>', 'context of the kubeconfig')
    .action(async (what: 'nodes' | 'rollout', options) => {
      const { runCalico } = await import('./calico.ts')
      finish(await runCalico(what, options))
    })
  program
    .command('doctor')
    .description('Tell whether an installation is sound, and how to mend it. Stores nothing.')
    .addOption(new Option('--kubeconfig <file>', 'how to reach the cluster (default: as kubectl)'))
    .option('--context <name>', 'context of the kubeconfig')
    .option('-n, --namespace <name>', 'where pidguard is installed', 'pidguard-system')
    .option('--probe-namespace <name>', 'where a pod is tried, as a dry run', 'default')
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 from this level up').choices(['warn', 'error']).default('error')
    )
    .action(async (options) => {
      const { runDoctor } = await import('./doctor.ts')
      finish(await runDoctor({ ...options, version }))
    })
  const policy = program
    .command('policy')
    .description('The policy document: its default, its schema, and whether a file is one.')
  policy
    .command('check')
    .description('Report every mistake of a policy file with line and column.')
    .argument('<file>', 'the policy document')
    .action(async (file: string) => (await import('./policy.ts')).checkPolicy(file))
  policy
    .command('default')
    .description('Print the default policy, every setting with its reason.')
    .action(async () => (await import('./policy.ts')).printDefaultPolicy())
  policy
    .command('schema')
    .description('Print the JSON Schema of the policy, for editors.')
    .action(async () => (await import('./policy.ts')).printPolicySchema())
  return program
}
