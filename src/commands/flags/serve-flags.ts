import { type Command, Option } from 'commander'
import { version } from '../../host/version.ts'
import { helpEnd } from './shared/help-end.ts'
import { type Finish, policyOption, port, seconds } from './shared/options.ts'
import {
  guardedClusterOption,
  hostOption,
  logLevelOption,
  probePortOption,
  processReadingOptions,
  readingsIntervalOption
} from './shared/process-options.ts'

/** `pidguard serve`. */
export function addServe(program: Command, finish: Finish): void {
  const serve = program
    .command('serve')
    .description('Answer admission reviews of a kube-apiserver over HTTPS.')
    .addOption(hostOption())
    .addOption(port('--port <port>', 'HTTPS port of /mutate and /validate', 'PIDGUARD_PORT', 8443))
    .addOption(probePortOption())
    .addOption(
      new Option('--cert-dir <folder>', 'folder of tls.crt and tls.key; made there, self-signed, when there are none')
        .env('PIDGUARD_CERT_DIR')
        .default('certs')
    )
    .addOption(
      new Option(
        '--cert-secret <name>',
        'in a cluster: the Secret of the serving certificate, in place of a folder; the controller keeps it'
      ).env('PIDGUARD_CERT_SECRET')
    )
    .addOption(guardedClusterOption())
    .addOption(
      new Option(
        '--snapshot <file>',
        'nodes, pods and readings of a file, in place of a cluster; with --readings snapshot only its readings'
      ).env('PIDGUARD_SNAPSHOT')
    )
    .addOption(readingsIntervalOption())
    .addOption(
      new Option(
        '--sole-writer',
        'no other replica decides on pods and bindings: keep no room free for what others may admit (component guard)'
      ).env('PIDGUARD_SOLE_WRITER')
    )
    .addOption(policyOption())
    .addOption(logLevelOption())
    .addOption(
      seconds('--drain <seconds>', 'time from the signal to stop until connections are closed', 'PIDGUARD_DRAIN', 5)
    )
    .addHelpText(
      'after',
      helpEnd(
        [
          'pidguard serve --host 127.0.0.1 --snapshot manifests/examples/snapshot.yaml',
          'pidguard serve --cert-secret pidguard-tls --policy /etc/pidguard/policy.yaml'
        ],
        {
          0: 'a signal stopped it',
          2: 'a mistake in the call, the policy or the certificate, or a port that is taken',
          3: 'the cluster or the snapshot cannot be had'
        }
      )
    )
    .action(async (options) => {
      const { serve } = await import('../../serve/serve.ts')
      await serve({ ...options, version })
      finish(undefined)
    })
  for (const option of processReadingOptions()) serve.addOption(option)
}
