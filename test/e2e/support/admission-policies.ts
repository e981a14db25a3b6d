import { parseAllDocuments } from 'yaml'
import type { ControlPlane } from './control-plane.ts'
import { until } from './wait.ts'

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

const group = '/apis/admissionregistration.k8s.io/v1'
const plurals: Readonly<Record<string, string>> = {
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
  MutatingAdmissionPolicy: 'mutatingadmissionpolicies',
  MutatingAdmissionPolicyBinding: 'mutatingadmissionpolicybindings'
}

let generation = 0

/** Writes the policies, and returns when they are in force: nothing says so, so two more are written after them and asked for. */
export async function enforce(plane: ControlPlane, yaml: string): Promise<{ remove(): Promise<void> }> {
  const mutates = (await plane.api.get(`${group}/mutatingadmissionpolicies?limit=1`)).status === 200
  const objects = parseAllDocuments(yaml).flatMap((document) => (document.toJS() ?? []) as Named)
  const own = sentinels(`sentinel-${++generation}`, mutates)
  for (const object of [...objects, ...own]) {
    const { status, body } = await plane.api.post(`${group}/${plurals[object.kind]}`, object)
    if (status !== 201) throw new Error(`${object.kind} ${object.metadata.name}: ${body.message}`)
  }
  const probe = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `sentinel-${generation}` } }
  await until('the policies in force', async () => {
    const { status, body } = await plane.api.post('/api/v1/namespaces/default/configmaps?dryRun=All', probe)
    return status === 422 || (status !== 201 && body.message?.includes('sentinel: changed') === true)
  })
  return {
    async remove() {
      const all = [...objects, ...own].map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`)
      await plane.kubectl.ok(['delete', '--wait=false', ...all])
    }
  }
}

/** One that changes a ConfigMap of that name, where the server has such, and one that refuses it once it is changed. */
function sentinels(name: string, mutates: boolean): Named[] {
  const matchConstraints = {
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }]
  }
  const matchConditions = [{ name: 'named', expression: `object.metadata.name == "${name}"` }]
  const metadata = { name: `${name}.example.com` }
  const patch = 'JSONPatch{op: "add", path: "/data", value: {"changed": "yes"}}'
  const of = (kind: string, spec: object) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata, spec })
  const changes = [
    of('MutatingAdmissionPolicy', {
      matchConstraints,
      matchConditions,
      reinvocationPolicy: 'Never',
      failurePolicy: 'Fail',
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: `[${patch}]` } }]
    }),
    of('MutatingAdmissionPolicyBinding', { policyName: metadata.name })
  ]
  return [
    ...(mutates ? changes : []),
    of('ValidatingAdmissionPolicy', {
      matchConstraints,
      matchConditions,
      validations: [{ expression: mutates ? '!has(object.data)' : 'false', message: 'sentinel: changed' }]
    }),
    of('ValidatingAdmissionPolicyBinding', { policyName: metadata.name, validationActions: ['Deny'] })
  ]
}

/** Lines of the API server's metrics that count an error of an expression. What is refused counts as `invalid_error` there. */
export async function evaluationErrors(plane: ControlPlane): Promise<string[]> {
  const { body } = await plane.api.get('/metrics')
  const errors = [
    /^apiserver_validating_admission_policy_check_total.*(enforcement_action="allow"|error_type="(compile_error|out_of_budget)")/,
    /^apiserver_mutating_admission_policy_check_total.*error_type="(?!no_error)/,
    /^apiserver_admission_match_condition_evaluation_errors_total/
  ]
  return (body.message ?? '')
    .split('\n')
    .filter((line) => errors.some((each) => each.test(line)) && !line.endsWith(' 0'))
}
