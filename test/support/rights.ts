import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isScalar, isSeq, parseAllDocuments, type YAMLMap } from 'yaml'
import { projectFolder } from './sources.ts'

/** One verb on resources, that an account has by the base or by a component. */
export interface Right {
  readonly account: string
  /** `base`, or the component that brings it. */
  readonly by: string
  /** A namespace, or all of the cluster. */
  readonly where: string
  readonly verb: string
  readonly resources: readonly string[]
  readonly names: readonly string[]
  /** What the program does with it, from the comment at the verb. */
  readonly why: string
  /** What a person with a stolen token could do beyond that; empty where the comment says nothing of it. */
  readonly stolen: string
}

interface Role {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly name: string }[]
}

/** Every right of every account, read from the manifests with the comment at each verb. */
function rights(): Right[] {
  return rbacFiles().flatMap(({ by, text }) => {
    const documents = parseAllDocuments(text)
    const objects = documents.map((document) => ({
      object: document.toJS() as Role,
      root: document.contents as YAMLMap
    }))
    return objects.flatMap(({ object: { roleRef, subjects = [], metadata } }) => {
      if (roleRef === undefined) return []
      const role = objects.find(({ object }) => object.kind === roleRef.kind && object.metadata.name === roleRef.name)
      if (role === undefined) return []
      const where = metadata.namespace ?? 'everywhere'
      return subjects.flatMap(({ name: account }) =>
        rightsOf(role.root).map((right) => ({ account, by, where, ...right }))
      )
    })
  })
}

function rbacFiles(): { readonly by: string; readonly text: string }[] {
  const components = 'manifests/components'
  const read = (path: string): string => readFileSync(join(projectFolder, path), 'utf8')
  const withRbac = readdirSync(join(projectFolder, components)).filter((name) =>
    readdirSync(join(projectFolder, components, name)).includes('rbac.yaml')
  )
  return [
    { by: 'base', text: read('manifests/base/rbac.yaml') },
    ...withRbac.map((by) => ({ by, text: read(`${components}/${by}/rbac.yaml`) }))
  ]
}

function rightsOf(role: YAMLMap): Omit<Right, 'account' | 'by' | 'where'>[] {
  const rules = role.get('rules')
  if (!isSeq(rules)) return []
  return rules.items.flatMap((rule) => {
    if (!isMap(rule)) return []
    const verbs = rule.get('verbs')
    if (!isSeq(verbs)) return []
    return verbs.items.flatMap((verb) => {
      if (!isScalar(verb)) return []
      const [why = '', stolen = ''] = (verb.comment ?? '').trim().split(/\s*Stolen: /)
      const [resources, names] = ['resources', 'resourceNames'].map((key) => textsOf(rule.get(key)))
      return [{ verb: String(verb.value), resources: resources ?? [], names: names ?? [], why, stolen }]
    })
  })
}

function textsOf(list: unknown): string[] {
  return isSeq(list) ? list.items.map((item) => String(isScalar(item) ? item.value : item)) : []
}

const head = `<!-- Made by npm run docs from the comments in manifests/base/rbac.yaml and manifests/components/*/rbac.yaml. -->

# Rights

Each verb that an account of pidguard has, what the program does with it, and what a person with a stolen token could do beyond
that. [SECURITY.md](../SECURITY.md) says where each token goes, and what the component \`own-rights\` takes away from a stolen one.
`

const accounts: readonly (readonly [account: string, what: string])[] = [
  ['pidguard', 'The webhook: three replicas, which read what strangers send. It changes nothing in the cluster.'],
  ['pidguard-controller', 'The controller: two, of which one leads. Nothing that a stranger sends reaches it.'],
  ['pidguard-kubelet', 'No process. Its token goes to every kubelet, so root on a node has it, for an hour at a time.'],
  ['pidguard-audit', 'A Job of yours that runs `pidguard audit --report-objects`.']
]

/** docs/rights.md */
export function renderRights(): string {
  const all = rights()
  const sections = accounts.map(([account, what]) => {
    const rows = all
      .filter((right) => right.account === account)
      .map(({ by, where, verb, resources, names, why, stolen }) => {
        const named = names.length === 0 ? '' : ` named ${names.map((name) => `\`${name}\``).join(', ')}`
        const objects = `${resources.map((resource) => `\`${resource}\``).join(', ')}${named}`
        return `| ${by} | ${where} | \`${verb}\` | ${objects} | ${why || 'as the verb above'} | ${stolen || 'nothing more'} |`
      })
    const table = ['| by | where | verb | on | for | stolen |', '|---|---|---|---|---|---|', ...rows]
    return `\n## ${account}\n\n${what}\n\n${table.join('\n')}\n`
  })
  return head + sections.join('')
}
