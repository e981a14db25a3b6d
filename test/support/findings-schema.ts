import { z } from 'zod'
import { findingsApiVersion } from '../../src/report/json.ts'
import { failOns } from '../../src/report/validate-report.ts'

const object = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().describe('Empty where nothing says it.'),
  name: z.string().describe('With a star at its end where the API server makes the rest up.')
})

const where = {
  file: z.string().describe('As it was found; stdin for standard input.'),
  line: z.int().min(1).optional().describe('From 1; absent where the file as a whole is meant.'),
  column: z.int().min(1).optional().describe('From 1, in UTF-16 units.'),
  source: z.string().optional().describe('The file a renderer made the document from, as its comment says.')
}

const unchecked = z.array(z.strictObject({ ruleId: z.string(), reason: z.string(), objects: z.int().min(1) }))

/** What pidguard validate -o json writes. Strict, so a field that is added to the one has to be added to the other. */
const findings = z.strictObject({
  apiVersion: z.literal(findingsApiVersion),
  kind: z.literal('Findings'),
  version: z.string().describe('Of pidguard.'),
  failOn: z.enum(failOns),
  exitCode: z
    .int()
    .min(0)
    .max(3)
    .describe('0 clean, 1 findings that count, 2 something could not be read, 3 unreachable.'),
  counts: z.strictObject({
    files: z.int().min(0),
    objects: z.int().min(0),
    checked: z.int().min(0).describe('Objects that at least one rule looks at.'),
    podRulesOff: z.int().min(0).describe('Objects that make pods and that no rule for pods looks at.'),
    otherKinds: z.int().min(0),
    changed: z.int().min(0).describe('Objects that the webhook would store otherwise.')
  }),
  findings: z.array(
    z.strictObject({
      ruleId: z.string(),
      action: z.enum(['deny', 'warn', 'audit']),
      reason: z.string().describe('Constant for its rule, to group by.'),
      detail: z.string(),
      remedy: z.string(),
      pointer: z.string().describe('JSON Pointer of the field in the object, whether it is there or missing.'),
      object,
      accepted: z.string().optional().describe('Reason of the baseline; such a finding does not count.'),
      ...where
    })
  ),
  changes: z
    .array(z.strictObject({ ruleIds: z.array(z.string()), object, lines: z.array(z.string()), ...where }))
    .describe('Only with --fail-on change or audit.'),
  problems: z.array(z.strictObject({ message: z.string(), object: object.optional(), ...where })),
  faults: z.array(
    z.strictObject({
      ruleId: z.string(),
      mode: z.enum(['off', 'audit', 'warn', 'enforce']),
      message: z.string(),
      object,
      ...where
    })
  ),
  skips: unchecked.describe('Rules that could not be checked. Skipped is not passed.'),
  exempted: unchecked.describe('Rules that the policy exempts objects from.'),
  notes: z.array(z.string())
})

/** The published JSON Schema. */
export function findingsJsonSchema(): object {
  return z.toJSONSchema(findings, { target: 'draft-2020-12' })
}
