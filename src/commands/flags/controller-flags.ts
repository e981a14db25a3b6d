import { type Command, Option } from 'commander'
import { AppError } from '../../errors.ts'
import { version } from '../../host/version.ts'
import { helpEnd } from './shared/help-end.ts'
import { type Finish, policyOption, reportObjectsOption, span } from './shared/options.ts'
import {
  guardedClusterOption,
  hostOption,
  logLevelOption,
  probePortOption,
  processReadingOptions,
  readingsIntervalOption
} from './shared/process-options.ts'

/** `pidguard controller`. `file`: the path of this program; audits start it once more. */
export function addController(program: Command, finish: Finish, file: string): void {
  const controller = program
    .command('controller')
    .description('Keep what one process keeps for all that serve: certificate, taints, Calico, audits.')
    .addOption(hostOption())
    .addOption(probePortOption())
  for (const option of certificateOptions()) controller.addOption(option)
  controller
    .addOption(guardedClusterOption())
    .addOption(
      new Option('--snapshot <file>', 'with --readings snapshot: the file of the readings').env('PIDGUARD_SNAPSHOT')
    )
    .addOption(readingsIntervalOption())
    .addOption(guardOption())
    .addOption(policyOption())
    .addOption(
      span(
        '--audit-interval <span>',
        'time between two audits of the cluster by the leader, shown in the metrics (default: none)',
        'PIDGUARD_AUDIT_INTERVAL'
      )
    )
    .addOption(reportObjectsOption('--audit-report-objects', 'PIDGUARD_AUDIT_REPORT_OBJECTS'))
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      helpEnd(
        [
          'pidguard controller --cert-secret pidguard-tls --policy /etc/pidguard/policy.yaml',
          'pidguard controller --audit-interval 1h'
        ],
        {
          0: 'a signal stopped it',
          2: 'a mistake in the call or the policy, or a port that is taken',
          3: 'the cluster cannot be had'
        }
      )
    )
    .action(async (options) => {
      const { controller } = await import('../../serve/controller/controller.ts')
      await controller({ ...options, version, program: file })
      finish(undefined)
    })
  for (const option of processReadingOptions()) controller.addOption(option)
}

function guardOption(): Option {
  const description = 'where the component guard serves, for tests (default: in a cluster, its Service)'
  return new Option('--guard <url>', description).env('PIDGUARD_GUARD').argParser((text: string) => {
    if (URL.canParse(text) && new URL(text).protocol === 'https:') return text
    throw new AppError(
      'ERR_USAGE',
      `--guard: expected https://HOST:PORT, found ${JSON.stringify(text.slice(0, 200))}`,
      {
        remedy: 'Name the address that serve --sole-writer listens on.'
      }
    )
  })
}

/** Whose certificate it is, and how long each part of it lives. */
function certificateOptions(): Option[] {
  return [
    new Option(
      '--cert-secret <name>',
      'the Secret of the serving certificate: made, renewed and given to the API server'
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
