import { exporterImage } from '../../rules/node-exporter-processes.ts'
import { type Cel, literal, pattern } from '../cel.ts'
import { type Condition, controllers, podVariables } from '../parts.ts'
import type { CelCheck, CelRule } from '../rule-policy.ts'

const ofPods: readonly Condition[] = [{ name: 'has-the-image', expression: `size(${exportersOf('object.spec')}) > 0` }]

/** src/rules/node-exporter-processes.ts. */
export const nodeExporterProcesses: CelRule = {
  id: 'node-exporter-processes',
  reads: () => null,
  checks: (_settings, remedy) =>
    (['pods', 'daemonsets'] as const).map(
      (part): CelCheck => ({
        part,
        ...(part === 'pods' ? { conditions: ofPods } : {}),
        variables: [
          ...podVariables(part),
          { name: 'exporters', expression: exportersOf('variables.spec') },
          {
            name: 'blind',
            expression: `variables.exporters.filter(c, [(c.?command.orValue([]) + c.?args.orValue([])).join(" ")].exists(line,
line.lastIndexOf("--collector.processes") < 0
|| line.lastIndexOf("--collector.processes") <= line.lastIndexOf("--no-collector.processes")))`
          },
          ...(part === 'pods'
            ? []
            : [
                {
                  name: 'isUnchanged',
                  expression: `oldObject != null && ${read('variables.exporters')} == ${read(exportersOf('variables.oldSpec'))}`
                }
              ])
        ],
        findings: [
          {
            when: `size(variables.blind) > 0 && ${
              part === 'pods'
                ? `!${controllers('object.metadata')}.exists(o, o.kind == "DaemonSet")`
                : '!variables.isUnchanged'
            }`,
            advisory: `size(${controllers('object.metadata')}) > 0`,
            reason: literal('processes collector is off'),
            detail: '"container " + variables.blind[0].name + " runs node_exporter without --collector.processes"',
            pointer: 'variables.at + "/spec/containers"',
            remedy
          }
        ]
      })
    )
}

function exportersOf(spec: Cel): Cel {
  return `(${spec}.?initContainers.orValue([]) + ${spec}.?containers.orValue([])).filter(c,
c.?image.orValue("").matches(${pattern(exporterImage)}))`
}

function read(exporters: Cel): Cel {
  return `${exporters}.map(c, [c.?image.orValue(""), c.?command.orValue([]), c.?args.orValue([])])`
}
