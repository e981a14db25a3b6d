// What the component monitoring asks is what is exported: a real Prometheus that scrapes a real API server with pidguard
// installed, a real node_exporter and the recorded metrics of a real kubelet runs every alert and every dashboard query.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Panel } from '@grafana/schema'
import t from 'tap'
import { request } from 'undici'
import { stringify } from 'yaml'
import { allAlerts, ruleFiles } from '../support/alerts.ts'
import { dashboard } from '../support/dashboard.ts'
import { filled, selectorsOf } from '../support/expressions.ts'
import { kubeletAuthority } from '../support/fake-kubelet.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { addNode } from './support/fleet.ts'
import { install, type Replica, type Running } from './support/installation.ts'
import { deployment, pod, someRequests } from './support/objects.ts'
import { missingForPrometheus, scraped, startPrometheus } from './support/prometheus.ts'
import { recordedMetrics } from './support/recorded-metrics.ts'
import { knowsMatchConditions } from './support/served.ts'
import { until, untilIs } from './support/wait.ts'

/** Selectors of alerts and panels that have no series while all is well, each with the reason. */
const emptyInHealth: Readonly<Record<string, string>> = {
  'ALERTS{alertname=~"Pidguard.*", alertstate="firing"}': 'Alerts that wait for minutes do not fire yet.',
  'pidguard_reviews_total{result="fault"}': 'No rule failed.',
  'pidguard_reviews_total{result="malformed"}': 'Only the API server called.',
  'apiserver_admission_webhook_rejection_count{name=~".*pidguard[.]io", error_type!="no_error"}':
    'Every call was answered.',
  'apiserver_admission_webhook_fail_open_count{name=~".*pidguard[.]io"}': 'Every call was answered.',
  'apiserver_admission_match_condition_evaluation_errors_total{name=~".*pidguard[.]io"}': 'No condition failed.',
  'pidguard_calico_repairs_total{namespace=~"$namespace"}': 'The policy repairs no Calico.',
  'pidguard_node_capacity_writes_total{namespace=~"$namespace"}': 'The policy makes PIDs no resource of the scheduler.',
  'pidguard_nodes_offering_pids{namespace=~"$namespace"}': 'The same.',
  'pidguard_nodes_overfull{namespace=~"$namespace"}': 'The same.',
  'pidguard_troubled_nodes{namespace=~"$namespace"}': 'Every node is read in full.'
}
/** Queries of panels that may be empty although all their series are there. */
const emptyPanels: Readonly<Record<string, string>> = {
  'count by (pod) (pidguard_cache_synced{namespace=~"$namespace"} == 0)': 'Everything has been read.'
}

const policy = `
apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  pids: {estimate: 50}
  headroom: {floor: 10%, maxAge: 60s, taintNodes: true, maxTaintedShare: 100%}
`

const missing = missingForPrometheus(process.env)
if (missing === undefined) await checkMonitoring()
else t.plan(0, missing)

interface Installed {
  readonly replica: Replica
  readonly controller: Running
}

/** One node in incident 000, one that is fine, one near its floor; pods that are denied, changed, let through; a policy that was read again. */
async function startPidguard(plane: ControlPlane): Promise<Installed> {
  await plane.createNamespace('shop')
  await plane.kubectl.create(deployment({ name: 'web', namespace: 'shop' }, 0))
  await addNode(t, plane, 'node-a', { limit: 1500, inUse: 1400 })
  await addNode(t, plane, 'node-b', { limit: 20_000, inUse: 200 })
  await addNode(t, plane, 'node-c', { limit: 20_000, inUse: 17_500 })
  const installation = await install(plane, 'default', ['audit', 'node-taints'])
  installation.writePolicy(policy)
  const kubeletCa = join(plane.folder, 'kubelet-ca.crt')
  writeFileSync(kubeletCa, kubeletAuthority.cert)
  const readings = ['--readings=kubelet', '--readings-interval=1s', `--kubelet-ca=${kubeletCa}`]
  const controller = await installation.startController(...readings, '--audit-interval=2s')
  const replica = await installation.start(...readings)
  await replica.ready()
  await untilIs('the nodes read', () => replica.metric('pidguard_nodes{known="fresh"}'), 3)
  installation.writePolicy(`${policy}# and a word more\n`)
  await untilIs('a tainted node', () => controller.metric('pidguard_tainted_nodes'), 1)
  await until('an audit', async () => (await controller.metric('pidguard_audit_findings')) !== undefined)
  return { replica, controller }
}

async function createPods({ kubectl }: ControlPlane, round: number): Promise<void> {
  await kubectl.run(['create', '--filename=-'], JSON.stringify(pod({ name: `denied-${round}`, namespace: 'shop' })))
  await kubectl.run(
    ['create', '--filename=-'],
    JSON.stringify(pod({ name: `fine-${round}`, namespace: 'shop' }, someRequests))
  )
}

async function checkMonitoring(): Promise<void> {
  const plane = await startControlPlane({ controllers: true })
  t.teardown(() => plane.stop())
  const query = await startScraping(plane, await startPidguard(plane))
  let round = 0
  const creating = setInterval(() => void createPods(plane, round++).catch(() => {}), 2_000)
  t.teardown(() => clearInterval(creating))
  const answered = (expr: string) => until(`series of ${expr}`, async () => (await query(expr)).length > 0)
  await answered('rate(pidguard_reviews_total{result="denied"}[20s]) > 0')
  await answered('rate(pidguard_audit_runs_total[20s]) > 0')

  void t.test('every query of the dashboard has series, or says why it need not', async (t) => {
    for (const expr of panelQueries()) {
      await query(filled(expr))
      if (emptyPanels[expr] !== undefined || selectorsOf(expr).some(isEmptyInHealth)) t.pass(`no error: ${expr}`)
      else t.ok(await answered(filled(expr)), expr)
    }
  })

  void t.test('every series that an alert reads is there, or says why it need not', async (t) => {
    for (const { alert, expr } of allAlerts()) {
      await query(expr)
      const selectors = selectorsOf(expr)
      t.ok(selectors.length > 0, alert)
      for (const selector of selectors.filter((each) => !isEmptyInHealth(each))) {
        t.ok(await answered(selector), `${alert}: ${selector}`)
      }
    }
  })

  void t.test('no reason is left over for what nobody asks', async (t) => {
    const asked = new Set([...allAlerts().map(({ expr }) => expr), ...panelQueries()].flatMap(selectorsOf))
    for (const selector of Object.keys(emptyInHealth)) t.ok(asked.has(selector), selector)
    for (const expr of Object.keys(emptyPanels)) t.ok(panelQueries().includes(expr), expr)
  })

  void t.test('the node that is nearly out of PIDs is the one that is told', async (t) => {
    const exprOf = (name: string) => allAlerts().find(({ alert }) => alert === name)?.expr ?? ''
    const found = await query(exprOf('PidguardKubepodsNearlyOut'))
    t.strictSame(
      found.map(({ metric }) => metric['node']),
      ['node-a']
    )
    t.equal((await query(exprOf('PidguardNodesBelowFloor'))).length, 1)
    for (const name of [
      ...['PidguardDown', 'PidguardReplicaDown', 'PidguardControllerDown'],
      ...['PidguardBlind', 'PidguardNodeExporterMissing']
    ]) {
      await untilIs(`${name} not firing`, async () => (await query(exprOf(name))).length, 0)
    }
  })

  void t.test('a match condition that fails is counted under the name that the alert reads', async (t) => {
    if (!(await knowsMatchConditions(plane.api))) {
      t.comment(`${plane.version.text} knows no match conditions`)
      return
    }
    await plane.api.post(configurations, failingCondition)
    const { expr = '' } = allAlerts().find(({ alert }) => alert === 'PidguardConditionFails') ?? {}
    const found = await until('the alert', async () => {
      await plane.api.post('/api/v1/namespaces/shop/configmaps?dryRun=All', { metadata: { name: 'tried' } })
      const series = await query(expr)
      return series.length > 0 && series
    })
    t.strictSame(
      found.map(({ metric }) => metric),
      [{ name: 'condition.pidguard.io' }]
    )
  })

  void t.test('a finding has the namespace of its object beside the one pidguard runs in', async (t) => {
    const found = await query('pidguard_audit_findings{rule="best-effort"}')
    const { namespace, exported_namespace } = found[0]?.metric ?? {}
    t.strictSame({ namespace, exported_namespace }, { namespace: 'pidguard-system', exported_namespace: 'shop' })
  })

  void t.test('what Prometheus says of the rules: all of them are evaluated', async (t) => {
    const { groups } = await query.rules()
    const rules = groups.flatMap((group) => group.rules)
    t.strictSame(
      rules.map(({ name }) => name).toSorted(),
      allAlerts()
        .map(({ alert }) => alert)
        .toSorted()
    )
    for (const { name, health, lastError } of rules) t.equal(health, 'ok', `${name}: ${lastError ?? ''}`)
  })
}

const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'

/** Of no use but that its condition asks for a field that is not there. */
const failingCondition = {
  metadata: { name: 'failing-condition' },
  webhooks: [
    {
      name: 'condition.pidguard.io',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Ignore',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
      matchConditions: [{ name: 'fails', expression: "object.data['absent'] == 'x'" }]
    }
  ]
}

function panelQueries(): string[] {
  const panels = (dashboard().panels ?? []).filter((panel): panel is Panel => panel.type !== 'row')
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => String(expr)))
}

function isEmptyInHealth(selector: string): boolean {
  return Object.hasOwn(emptyInHealth, selector)
}

interface Series {
  readonly metric: Readonly<Record<string, string>>
}

interface Query {
  /** Now. Throws what Prometheus answers when it cannot evaluate it. */
  (expr: string): Promise<readonly Series[]>
  rules(): Promise<{
    readonly groups: readonly {
      readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[]
    }[]
  }>
}

/**
 * Scrapes what the operator would have it scrape, with the labels it would give: every few seconds, which is also how long
 * it waits for an answer, and often enough for a rate over 20 s.
 */
async function startScraping(plane: ControlPlane, { replica, controller }: Installed): Promise<Query> {
  const { folder } = plane
  const [token = ''] = readFileSync(join(folder, 'tokens.csv'), 'utf8').split(',')
  for (const [name, file] of ruleFiles()) writeFileSync(join(folder, `alerts-${name}.yaml`), stringify(file))
  const url = await startPrometheus(t, folder, recordedMetrics, ({ exporterPort, kubeletPort }) => ({
    global: { scrape_interval: '3s', evaluation_interval: '1s' },
    rule_files: [...ruleFiles().keys()].map((name) => join(folder, `alerts-${name}.yaml`)),
    scrape_configs: [
      {
        job_name: 'pidguard',
        static_configs: [scraped(replica.probePort, { namespace: 'pidguard-system', pod: 'pidguard-0' })]
      },
      {
        job_name: 'pidguard-controller',
        static_configs: [scraped(controller.probePort, { namespace: 'pidguard-system', pod: 'pidguard-controller-0' })]
      },
      {
        job_name: 'apiserver',
        scrape_interval: '5s',
        scheme: 'https',
        authorization: { credentials: token },
        tls_config: { ca_file: join(folder, 'ca.crt') },
        static_configs: [scraped(Number(new URL(plane.url).port))]
      },
      { job_name: 'node-exporter', static_configs: [scraped(exporterPort)] },
      { job_name: 'kubelet', static_configs: [scraped(kubeletPort, { node: 'node-a' })] }
    ]
  }))
  const ask = async (path: string) => {
    const { body } = await request(`${url}/api/v1/${path}`)
    const answer = (await body.json()) as { status: string; error?: string; data: never }
    if (answer.status !== 'success') throw new Error(`${answer.error}: ${path}`)
    return answer.data
  }
  await until('Prometheus', () => ask('status/buildinfo').catch(() => false))
  const query = async (expr: string) => {
    const { result } = (await ask(`query?query=${encodeURIComponent(expr)}`)) as { result: readonly Series[] }
    return result
  }
  return Object.assign(query, { rules: () => ask('rules') })
}
