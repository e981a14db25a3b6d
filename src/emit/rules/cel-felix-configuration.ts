import { literal, quoted } from '../cel.ts'
import type { CelRule } from '../rule-policy.ts'

/** src/rules/felix-configuration.ts. DaemonSets of Felix are not known. */
export const felixConfiguration: CelRule = {
  id: 'felix-configuration',
  reads: ({ calico }) => calico.iptablesBackend,
  checks: ({ calico: { iptablesBackend: wanted } }, remedy) => {
    const right = wanted === undefined ? ['legacy', 'nft'] : [wanted.toLowerCase()]
    return [
      {
        part: 'configurations',
        variables: [
          { name: 'backend', expression: 'object.?spec.?iptablesBackend.orValue(null)' },
          {
            name: 'isUnchanged',
            expression: 'oldObject != null && variables.backend == oldObject.?spec.?iptablesBackend.orValue(null)'
          },
          { name: 'mode', expression: 'object.?spec.?nftablesMode.orValue("")' },
          {
            name: 'isMoot',
            expression: 'type(variables.mode) == string && string(variables.mode).lowerAscii() == "enabled"'
          },
          {
            name: 'isRight',
            expression: `type(variables.backend) == string && string(variables.backend).lowerAscii() in ${literal(right)}`
          }
        ],
        findings: [
          {
            when: `!variables.isUnchanged && !variables.isMoot && !variables.isRight
&& (variables.backend != null || object.metadata.name == "default")`,
            advisory:
              wanted === undefined
                ? 'true'
                : `(request.operation == "CREATE" && variables.backend == null)
|| request.userInfo.username.startsWith("system:serviceaccount:")`,
            reason: literal('iptables backend is not that of the policy'),
            detail: `(variables.backend == null ? "iptablesBackend is not set" : type(variables.backend) == string
? "iptablesBackend=" + ${quoted('string(variables.backend)', 40)} : "iptablesBackend is no text")
+ ${literal(wanted === undefined ? '' : `, the policy says ${wanted}`)}`,
            pointer: literal('/spec/iptablesBackend'),
            remedy
          }
        ]
      }
    ]
  }
}
