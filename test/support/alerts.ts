import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { projectFolder } from './sources.ts'

const folder = join(projectFolder, 'manifests/components/monitoring')

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** What a rule file of Prometheus holds; the operator's PrometheusRule has it as its spec. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
}

/** The rules of the component `monitoring`, by their subject: `nodes` of `alerts-nodes.yaml`. */
export function ruleFiles(): ReadonlyMap<string, RuleFile> {
  const names = readdirSync(folder).flatMap((name) => /^alerts-(.+)\.yaml$/.exec(name)?.[1] ?? [])
  return new Map(names.map((name) => [name, specOf(name)]))
}

export function allAlerts(): Alert[] {
  return [...ruleFiles().values()].flatMap(({ groups }) => groups.flatMap(({ rules }) => rules))
}

function specOf(name: string): RuleFile {
  const object = parse(readFileSync(join(folder, `alerts-${name}.yaml`), 'utf8')) as { readonly spec: RuleFile }
  return object.spec
}
