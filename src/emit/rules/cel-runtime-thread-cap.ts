import { type Knob, knobs } from '../../kubernetes/language-runtimes.ts'
import type { BaseSettings } from '../../policy/policy.ts'
import type { Profile } from '../../policy/settings.ts'
import { all, any, type Cel, literal, matchesGlob, matchesSelector, quoted, type Variable } from '../cel.ts'
import { type Condition, type Part, podVariables } from '../parts.ts'
import type { CelCheck, CelFinding, CelRule } from '../rule-policy.ts'

interface CappedProfile extends Profile {
  readonly threadCap: NonNullable<Profile['threadCap']>
}

/** The profiles of the policy that name a cap, in their order. */
function cappedProfiles({ pids: { profiles } }: BaseSettings): CappedProfile[] {
  return profiles.filter((profile): profile is CappedProfile => profile.threadCap !== undefined)
}

/** src/rules/runtime-thread-cap.ts, the check: always a warning. */
export const runtimeThreadCap: CelRule = {
  id: 'runtime-thread-cap',
  reads: cappedProfiles,
  checks: (settings, remedy) => {
    const profiles = cappedProfiles(settings)
    return (['pods', 'templates'] as const).map(
      (part): CelCheck => ({
        part,
        ...(part === 'pods' ? { conditions: [hasProfile(profiles)] } : {}),
        variables: [
          ...podVariables(part),
          ...profileVariables(profiles),
          ...unchanged(part),
          ...profiles.flatMap(capVariables)
        ],
        findings: profiles.flatMap((profile, i) => findingsOf(profile, i, part, remedy))
      })
    )
  },
  leftOut: (settings) =>
    cappedProfiles(settings).length === 0 ? 'no profile of the policy has a threadCap' : undefined
}

/** `profile`: the first that matches the pod, by its place; and the containers that its cap is meant for. */
function profileVariables(profiles: readonly CappedProfile[]): Variable[] {
  const tests = profiles.map((profile) => matches(profile, 'variables.meta', 'variables.all'))
  return [
    { name: 'all', expression: containersOf('variables.spec') },
    { name: 'profile', expression: `${tests.map((test, i) => `(${test}) ? ${i}\n: `).join('')}${profiles.length}` },
    {
      name: 'capable',
      expression: `variables.spec.?initContainers.orValue([]).filter(c, c.?restartPolicy.orValue("") == "Always")
+ variables.spec.?containers.orValue([])`
    }
  ]
}

function matches({ match: { images, selector } }: Profile, meta: Cel, containers: Cel): Cel {
  return all([
    ...(selector === undefined ? [] : [matchesSelector(`${meta}.?labels.orValue({})`, selector)]),
    ...(images.length === 0 ? [] : [`${containers}.exists(c, ${matchesGlob('c.?image.orValue("")', images)})`])
  ])
}

function containersOf(spec: Cel): Cel {
  return `${spec}.?initContainers.orValue([]) + ${spec}.?containers.orValue([])`
}

/** Of Pods. */
function hasProfile(profiles: readonly CappedProfile[]): Condition {
  const tests = profiles.map((profile) => matches(profile, 'object.metadata', `(${containersOf('object.spec')})`))
  return { name: 'has-a-capped-profile', expression: any(tests) }
}

/** Whether the container sets a cap by a variable or an option; see `hasThreadCap`. */
function hasCap({ variables, options }: Knob): Cel {
  const byVariable = `c.?env.orValue([]).exists(e, e.name in ${literal(variables)})`
  if (options.length === 0) return byVariable
  const texts = 'c.?command.orValue([]) + c.?args.orValue([]) + c.?env.orValue([]).map(e, e.?value.orValue(""))'
  return any([byVariable, `(${texts}).exists(text, ${literal(options)}.exists(option, text.contains(option)))`])
}

/** The containers of a profile's images, or all of them where it names none. */
function held({ match: { images } }: CappedProfile): Cel {
  return images.length === 0
    ? 'variables.capable'
    : `variables.capable.filter(c, ${matchesGlob('c.?image.orValue("")', images)})`
}

function capVariables(profile: CappedProfile, i: number): Variable[] {
  const knob = knobs[profile.threadCap.runtime]
  return [
    { name: `held${i}`, expression: held(profile) },
    { name: `uncapped${i}`, expression: `variables.held${i}.filter(c, !(${hasCap(knob)}))` },
    ...(profile.threadCap.runtime === 'dotnet'
      ? [{ name: `odd${i}`, expression: oddCaps(i, knob, profile.threadCap.threads) }]
      : [])
  ]
}

/** White space as JavaScript's \s has it: that of RE2 is of ASCII only. */
const space =
  '[\\t\\n\\v\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}]*'

/**
 * The texts that .NET ignores or reads as more than the cap, see `dotnetCapOf`. CEL does not read hexadecimal: without leading
 * zeros the shorter text is the smaller number, and of equal length the one that comes first.
 */
function oddCaps(i: number, { variables }: Knob, threads: number): Cel {
  const most = threads.toString(16)
  const entries = variables.map((name) => `c.?env.orValue([]).filter(e, e.name == ${literal(name)})`)
  return `variables.held${i}.map(c, [${entries.join(', ')}].filter(list, size(list) > 0))
.filter(lists, size(lists) > 0).map(lists, lists[0][size(lists[0]) - 1])
.filter(e, !has(e.valueFrom)).map(e, e.?value.orValue(""))
.filter(text, !(text.matches(${literal(`^${space}(0x)?[0-9a-fA-F]{1,8}${space}$`)})
&& [text.lowerAscii().find("[1-9a-f][0-9a-f]*")].exists(digits, size(digits) > 0
&& (size(digits) < ${most.length} || (size(digits) == ${most.length} && digits <= ${literal(most)})))))`
}

/** An UPDATE that leaves all that the rule reads as it was. */
function unchanged(part: Part): Variable[] {
  if (part === 'pods') return []
  const containers = (spec: Cel): Cel =>
    `(${spec}.?initContainers.orValue([]) + ${spec}.?containers.orValue([])).map(c, [c.?image, c.?env, c.?command, c.?args])`
  return [
    {
      name: 'isUnchanged',
      expression: `oldObject != null && variables.meta.?labels == variables.oldMeta.?labels
&& ${containers('variables.spec')} == ${containers('variables.oldSpec')}`
    }
  ]
}

function findingsOf({ threadCap: { runtime } }: CappedProfile, i: number, part: Part, remedy: string): CelFinding[] {
  const isAsked = `variables.profile == ${i}${part === 'pods' ? '' : ' && !variables.isUnchanged'}`
  const common = { advisory: 'true', pointer: 'variables.at + "/spec/containers"', remedy }
  const uncapped: CelFinding = {
    ...common,
    when: `${isAsked} && size(variables.uncapped${i}) > 0`,
    reason: literal('no thread cap'),
    detail: `"container " + variables.uncapped${i}[0].name + ${literal(`, ${runtime}: set ${knobs[runtime].advice}`)}`
  }
  if (runtime !== 'dotnet') return [uncapped]
  const odd: CelFinding = {
    ...common,
    when: `${isAsked} && size(variables.odd${i}) > 0`,
    reason: literal('thread cap is not the number written'),
    detail: `${quoted(`variables.odd${i}[0]`, 20)} + " is read as hexadecimal, from 1 to 7FFF"`
  }
  return [uncapped, odd]
}
