import { type EmittedObject, metadataOf } from './emitted-object.ts'

/** Names of what comes from files end in this; the API refuses it for all others. */
const suffix = '.pidguard.static.k8s.io'

/** The same objects for a folder of the API server. */
export function asStatic(objects: readonly EmittedObject[]): EmittedObject[] {
  return objects.map((each) => ({
    ...each,
    metadata: { ...each.metadata, name: renamed(each.metadata.name) },
    spec: 'policyName' in each.spec ? { ...each.spec, policyName: renamed(String(each.spec.policyName)) } : each.spec
  }))
}

function renamed(name: string): string {
  return name.replace(/\.pidguard\.io$/, suffix)
}

const name = `protect${suffix}`
const metadata = metadataOf(name, [])

/** No policy of the API may guard policies; one from a file can. The program's own accounts still write caBundle. */
export const guard: readonly EmittedObject[] = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        matchPolicy: 'Equivalent',
        resourceRules: [
          {
            apiGroups: ['admissionregistration.k8s.io'],
            apiVersions: ['*'],
            operations: ['CREATE', 'UPDATE', 'DELETE'],
            resources: [
              'validatingadmissionpolicies',
              'validatingadmissionpolicybindings',
              'mutatingadmissionpolicies',
              'mutatingadmissionpolicybindings',
              'validatingwebhookconfigurations',
              'mutatingwebhookconfigurations'
            ],
            scope: 'Cluster'
          }
        ]
      },
      matchConditions: [
        {
          name: 'of-pidguard',
          expression: `[oldObject == null ? object.metadata.?name.orValue("") : oldObject.metadata.name].exists(name,
name == "pidguard" || name.endsWith(".pidguard.io"))`
        },
        { name: 'not-an-administrator', expression: '!("system:masters" in request.userInfo.groups)' },
        {
          name: 'not-by-pidguard-itself',
          expression: `!(request.operation == "UPDATE" && request.resource.resource.endsWith("webhookconfigurations")
&& request.userInfo.username.startsWith("system:serviceaccount:pidguard-system:pidguard"))`
        }
      ],
      validations: [
        {
          expression: 'false',
          reason: 'Forbidden',
          message: 'The admission objects of pidguard are kept by a file of the API server.',
          messageExpression: `request.resource.resource + " of pidguard are kept by a file of the API server: "
+ request.operation + " is not for " + request.userInfo.username`
        }
      ]
    }
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: name, validationActions: ['Deny'] }
  }
]
