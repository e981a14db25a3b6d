import { type Command, Option } from 'commander'
import { version } from '../../host/version.ts'
import {
  type Finish,
  kubeletServiceAccountOption,
  policyOption,
  port,
  readingOptions,
  reportObjectsOption,
  seconds,
  span
} from './options.ts'

/** `pidguard serve`. `file`: the path of this program; audits start it once more. */
export function addServe(program: Command, finish: Finish, file: string): void {
  const serve = program
    .command('serve')
    .description('Answer admission reviews of a kube-apiserver over HTTPS.')
    .addOption(new Option('--host <address>', 'address to listen on (default: all)').env('PIDGUARD_HOST'))
    .addOption(port('--port <port>', 'HTTPS port of /mutate and /validate', 'PIDGUARD_PORT', 8443))
    .addOption(port('--probe-port <port>', 'HTTP port of /livez, /readyz and /metrics', 'PIDGUARD_PROBE_PORT', 8080))
  for (const option of certificateOptions()) serve.addOption(option)
  serve
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
        'time between two audits of the cluster by the leader, shown in the metrics (default: none)',
        'PIDGUARD_AUDIT_INTERVAL'
      )
    )
    .addOption(reportObjectsOption('--audit-report-objects', 'PIDGUARD_AUDIT_REPORT_OBJECTS'))
    .addOption(
      new Option('--log-level <level>', 'lowest level that is logged')
        .env('PIDGUARD_LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info')
    )
    .addOption(
      seconds('--drain <seconds>', 'time from the signal to stop until connections are closed', 'PIDGUARD_DRAIN', 5)
    )
    .action(async (options) => {
      const { serve } = await import('../../serve/serve.ts')
      await serve({ ...options, version, program: file })
      finish(undefined)
    })
  for (const option of readingOptions(['kubelet', 'prometheus', 'snapshot'])) serve.addOption(option)
  serve.addOption(kubeletServiceAccountOption())
}

/** Where the serving certificate comes from, and how long each part of it lives. */
function certificateOptions(): Option[] {
  return [
    new Option('--cert-dir <folder>', 'folder of tls.crt and tls.key; made there, self-signed, when there are none')
      .env('PIDGUARD_CERT_DIR')
      .default('certs'),
    new Option(
      '--cert-secret <name>',
      'in a cluster: the Secret of the serving certificate, in place of a folder; made, renewed and given to the API server'
    ).env('PIDGUARD_CERT_SECRET'),
    new Option('--cert-issuer <who>', 'who makes what that Secret holds; a certificate of others is only read')
      .env('PIDGUARD_CERT_ISSUER')
      .choices(['pidguard', 'other'])
      .default('pidguard'),
    span('--cert-leaf-life <span>', 'life of a serving certificate', 'PIDGUARD_CERT_LEAF_LIFE', '90d'),
    span('--cert-ca-life <span>', 'life of its authority', 'PIDGUARD_CERT_CA_LIFE', '730d'),
    span(
      '--cert-overlap <span>',
      'time that a new authority is trusted before it signs, and an old one after',
      'PIDGUARD_CERT_OVERLAP',
      '1d'
    )
  ]
}
