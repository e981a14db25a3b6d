import { stringify } from 'yaml'
import { policyJsonSchema } from '../../src/policy/document/json-schema.ts'
import { policyRules } from '../../src/rules/index.ts'

/** One value of the chart, with all that its three files say of it. */
interface Value {
  readonly about: string
  readonly schema: object
  readonly value: unknown
}

type Values = { readonly [name: string]: Value | { readonly about: string; readonly of: Values } }

const text = { type: 'string' }
const flag = { type: 'boolean' }
const texts = { type: 'array', items: text }
const map = { type: 'object', additionalProperties: text }
const any = { type: 'object' }
const list = { type: 'array', items: any }
/** Above those that only root may open. */
const port = { type: ['integer', 'null'], minimum: 1024, maximum: 65535 }
const count = { type: ['integer', 'null'], minimum: 1 }

function off(about: string): Value {
  return { about, schema: flag, value: false }
}

/** What both Deployments have. `more`: why the replicas are as many as they are. */
function workload(replicas: string): Values {
  return {
    replicaCount: { about: `Replicas; by default ${replicas}.`, schema: count, value: null },
    resources: { about: 'Requests and limits of the container, in place of ours.', schema: any, value: {} },
    nodeSelector: { about: 'As in a Pod.', schema: map, value: {} },
    tolerations: { about: 'As in a Pod.', schema: list, value: [] },
    affinity: { about: 'As in a Pod.', schema: any, value: {} },
    topologySpreadConstraints: {
      about: 'In place of ours, which spread over nodes and zones.',
      schema: list,
      value: []
    },
    priorityClassName: { about: 'In place of system-cluster-critical.', schema: text, value: '' },
    podAnnotations: { about: 'Added to each Pod.', schema: map, value: {} },
    podLabels: { about: 'Added to each Pod; ours stay.', schema: map, value: {} },
    deploymentAnnotations: { about: 'Added to the Deployment.', schema: map, value: {} },
    podSecurityContext: {
      about: 'In place of ours, which is what Pod Security calls restricted.',
      schema: any,
      value: {}
    },
    securityContext: { about: 'The same for the container.', schema: any, value: {} },
    extraArgs: { about: 'More options of the program: docs/cli.md.', schema: texts, value: [] },
    extraEnv: { about: 'More variables.', schema: list, value: [] },
    extraVolumes: { about: 'More volumes.', schema: list, value: [] },
    extraVolumeMounts: { about: 'Where they are mounted.', schema: list, value: [] },
    strategy: { about: 'In place of ours, which never goes below the replicas.', schema: any, value: {} },
    revisionHistoryLimit: { about: 'As in a Deployment.', schema: count, value: null },
    terminationGracePeriodSeconds: { about: 'Seconds; by default enough to drain.', schema: count, value: null },
    dnsPolicy: { about: 'As in a Pod.', schema: text, value: '' },
    dnsConfig: { about: 'As in a Pod.', schema: any, value: {} },
    runtimeClassName: { about: 'As in a Pod.', schema: text, value: '' },
    livenessProbe: { about: 'Laid over ours, field by field.', schema: any, value: {} },
    readinessProbe: { about: 'The same for readiness.', schema: any, value: {} }
  }
}

const values: Values = {
  image: {
    about: 'The image. A digest goes before a tag.',
    of: {
      registry: { about: 'Put before the repository.', schema: text, value: '' },
      repository: { about: 'Name of the image.', schema: { ...text, minLength: 1 }, value: 'pidguard' },
      tag: { about: 'Empty: the version of the chart.', schema: text, value: '' },
      digest: { about: 'As sha256:…', schema: { ...text, pattern: '^(sha256:[0-9a-f]{64})?$' }, value: '' },
      pullPolicy: { about: 'As in a Pod.', schema: { enum: ['', 'Always', 'IfNotPresent', 'Never'] }, value: '' }
    }
  },
  imagePullSecrets: { about: 'As in a Pod.', schema: list, value: [] },
  failurePolicy: {
    about:
      'Fail: a pod is not created while pidguard cannot check it; never in system namespaces, and never for Calico.',
    schema: { enum: ['Ignore', 'Fail'] },
    value: 'Ignore'
  },
  observe: off('Everything warns, nothing is denied and nothing is changed. Where every roll-out should start.'),
  policy: {
    about:
      'The spec of the policy document, in place of the default policy: docs/policy.md. With it, observe changes nothing; a mistake is an error of the chart.',
    schema: { $ref: '#/$defs/policy' },
    value: {}
  },
  excludedNamespaces: {
    about: 'Namespaces that the webhooks are not called for, besides those of the cluster itself.',
    schema: texts,
    value: []
  },
  timeoutSeconds: {
    about: 'Seconds that the API server waits for an answer; by default 3, and 1 for bindings.',
    schema: { type: ['integer', 'null'], minimum: 1, maximum: 30 },
    value: null
  },
  namespaceSelector: {
    about:
      'Narrows where the webhooks are called, as excludedNamespaces does: not for DaemonSets, and so not for Calico.',
    of: {
      matchLabels: { about: 'Labels that a Namespace must have.', schema: map, value: {} },
      matchExpressions: { about: 'Added to ours.', schema: list, value: [] }
    }
  },
  webhookAnnotations: { about: 'Added to both webhook configurations.', schema: map, value: {} },
  guarding: {
    about:
      'admission: pods are checked when they are created. guard: bindings too, by one writer, and nodes are tainted; set policy.headroom.taintNodes, and leave components.bindings off. scheduler: the right to offer PIDs of nodes to the scheduler; set policy.headroom.schedulePids.',
    schema: { enum: ['admission', 'guard', 'scheduler'] },
    value: 'admission'
  },
  components: {
    about: 'What kustomize has as components; docs/install.md says what each is for.',
    of: {
      audit: off('The controller audits the cluster every hour.'),
      auditReports: off('Audits are written as PolicyReports; includes audit and policyReports.'),
      policyReports: off('The right to write PolicyReports.'),
      bindings: off('The node that the scheduler chose is checked too.'),
      calicoRepair: off('The right to repair DaemonSets of Calico, where the policy asks for it.'),
      fallback: off('Kubernetes v1.36: the default policy also holds while no replica answers.'),
      flowControl: off('Requests of pidguard have their own share of the API server.'),
      kubeletInsecure: off('Certificates of kubelets are not verified.'),
      matchConditions: off('Kubernetes v1.30: the API server skips what pidguard would let through.'),
      nodeTaints: off('The right to taint nodes, where the policy asks for it.'),
      ownRights: off('Kubernetes v1.30: the accounts of pidguard can do only what the program does.')
    }
  },
  certManager: {
    about: 'Certificates by cert-manager; otherwise pidguard makes its own.',
    of: { enabled: off('See above.') }
  },
  hostNetwork: off('For control planes that do not reach pods: the webhook listens on its node.'),
  monitoring: {
    about: 'For Prometheus: ServiceMonitors, alerts, a dashboard.',
    of: {
      enabled: off('See above.'),
      labels: { about: 'By which your Prometheus finds them.', schema: map, value: {} },
      interval: { about: 'Between two scrapes; by default 30s.', schema: text, value: '' },
      alerts: { about: 'PrometheusRules.', schema: flag, value: true },
      dashboard: { about: 'A ConfigMap for Grafana.', schema: flag, value: true }
    }
  },
  networkPolicy: {
    about: 'Who may reach pidguard.',
    of: { enabled: { about: 'See above.', schema: flag, value: true } }
  },
  resourceQuota: {
    about: 'Lets pods of pidguard be system-cluster-critical, which some clusters refuse elsewhere.',
    of: { enabled: { about: 'See above.', schema: flag, value: true } }
  },
  namespace: {
    about: 'The Namespace of the release.',
    of: { create: off('With its labels for Pod Security; otherwise helm install --create-namespace.') }
  },
  service: {
    about: 'The Service of the webhook.',
    of: {
      annotations: { about: 'Added to it.', schema: map, value: {} },
      labels: { about: 'Added to it; ours stay.', schema: map, value: {} },
      ipFamilyPolicy: {
        about: 'As in a Service.',
        schema: { enum: ['', 'SingleStack', 'PreferDualStack', 'RequireDualStack'] },
        value: ''
      },
      ipFamilies: { about: 'As in a Service.', schema: { type: 'array', items: { enum: ['IPv4', 'IPv6'] } }, value: [] }
    }
  },
  serviceAccount: {
    about: 'All accounts of pidguard. Their names are fixed.',
    of: {
      create: { about: 'false: they are there already.', schema: flag, value: true },
      annotations: { about: 'Added to them.', schema: map, value: {} }
    }
  },
  rbac: {
    about: 'Roles and their bindings: docs/rights.md.',
    of: { create: { about: 'false: they are there already.', schema: flag, value: true } }
  },
  ports: {
    about: 'Of the pods, by default 8443 and 8080; with hostNetwork 18443 and 18080.',
    of: {
      admission: { about: 'HTTPS, for the API server.', schema: port, value: null },
      probes: { about: 'HTTP, for probes and metrics.', schema: port, value: null }
    }
  },
  logLevel: { about: 'Of both programs.', schema: { enum: ['', 'debug', 'info', 'warn', 'error'] }, value: '' },
  commonLabels: { about: 'Added to every object.', schema: map, value: {} },
  commonAnnotations: { about: 'Added to every object.', schema: map, value: {} },
  extraObjects: { about: 'More objects; templates are evaluated.', schema: list, value: [] },
  ...workload('three, over nodes and zones'),
  controller: { about: 'The Deployment of the controller.', of: workload('two, one of which leads') }
}

/** values.yaml: each value below what it is for. */
export function renderChartValues(): string {
  return `# Made by npm run golden from test/support/chart-values.ts.\n${lines(values, '')}`
}

function lines(of: Values, indent: string): string {
  return Object.entries(of)
    .map(([name, each]) => {
      const about = `${indent}# ${each.about}\n`
      if ('of' in each) return `${about}${indent}${name}:\n${lines(each.of, `${indent}  `)}`
      return `${about}${indent}${stringify({ [name]: each.value }, { nullStr: 'null' })}`
    })
    .join('')
}

/** values.schema.json: closed, so that a value of another name is an error. */
export function renderChartSchema(): string {
  const { properties } = policyJsonSchema(policyRules) as { properties: { spec: object } }
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...schemaOf({ ...values }),
    $defs: { policy: properties.spec }
  }
  return `${JSON.stringify(schema, withoutLongRepeats, 2)}\n`
}

/** Helm's patterns are RE2, which repeats up to 1,000 times; what is longer is left to the program. */
function withoutLongRepeats(key: string, value: unknown): unknown {
  return key === 'pattern' ? String(value).replaceAll(/\{(\d+),\d{4,}\}/g, '{$1,}') : value
}

function schemaOf(of: Values): object {
  const properties = Object.entries(of).map(([name, each]) => [
    name,
    { description: each.about, ...('of' in each ? schemaOf(each.of) : each.schema) }
  ])
  // Helm passes `global` to every chart.
  return { type: 'object', properties: { ...Object.fromEntries(properties), global: {} }, additionalProperties: false }
}

/** The table of the README. */
export function renderChartTable(): string {
  return `| value | default | |\n|---|---|---|\n${rows(values, '').join('\n')}\n`
}

function rows(of: Values, above: string): string[] {
  return Object.entries(of).flatMap(([name, each]) =>
    'of' in each
      ? rows(each.of, `${above}${name}.`)
      : [`| \`${above}${name}\` | \`${JSON.stringify(each.value)}\` | ${each.about} |`]
  )
}
