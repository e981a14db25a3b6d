import t from 'tap'
import { crossMistakes } from '../../../src/policy/document/cross-checks.ts'
import { renderPath } from '../../../src/policy/document/mistakes.ts'

/** The mistakes of `spec`, as `path: message`. */
function mistakesOf(spec: unknown): string[] {
  return crossMistakes({ spec }).map(({ path, message }) => `${renderPath(path)}: ${message}`)
}

const image = { images: ['a'] }
const capped = (name: string, runtime: string, threads: number) => ({
  name,
  match: image,
  threadCap: { runtime, threads }
})
const cases: readonly { name: string; spec: unknown; want: readonly string[] }[] = [
  { name: 'nothing', spec: undefined, want: [] },
  {
    name: 'kinds with a template, with a pod spec, with neither and with both',
    spec: { podTemplates: [{ template: '/a' }, { podSpec: '/a' }, { kind: 'A' }, { template: '/a', podSpec: '/b' }] },
    want: [
      'spec.podTemplates[2]: expected at least one of template, podSpec',
      'spec.podTemplates[3].podSpec: expected template or podSpec, found both'
    ]
  },
  { name: 'estimate at the limit', spec: { pids: { estimate: 60, limit: 60 } }, want: [] },
  {
    name: 'estimate past the limit',
    spec: { pids: { estimate: 61, limit: 60 } },
    want: ['spec.pids.estimate: estimate 61 is above limit 60']
  },
  { name: 'limit at the default estimate', spec: { pids: { limit: 50 } }, want: [] },
  {
    name: 'limit below the default estimate',
    spec: { pids: { limit: 49 } },
    want: ['spec.pids.limit: limit 49 is below estimate 50, which is inherited']
  },
  {
    name: 'an override past the limit it inherits',
    spec: {
      pids: { limit: 100 },
      overrides: [{ name: 'o', namespaces: { names: ['a'] }, pids: { estimate: 101 } }]
    },
    want: ['spec.overrides[0].pids.estimate: estimate 101 is above limit 100']
  },
  {
    name: 'an override that takes the limit away',
    spec: {
      pids: { limit: 100 },
      overrides: [{ name: 'o', namespaces: { names: ['a'] }, pids: { estimate: 101, limit: 'none' } }]
    },
    want: []
  },
  {
    name: 'a profile past the limit it inherits',
    spec: { pids: { limit: 100, profiles: [{ name: 'p', match: image, estimate: 101 }] } },
    want: ['spec.pids.profiles[0].estimate: estimate 101 is above limit 100']
  },
  {
    name: 'a profile without any use',
    spec: { pids: { profiles: [{ name: 'p', match: image }] } },
    want: ['spec.pids.profiles[0]: expected at least one of estimate, limit, threadCap']
  },
  {
    name: 'the largest thread caps that runtimes heed',
    spec: {
      pids: { profiles: [capped('a', 'dotnet', 32_767), capped('b', 'nodejs', 1024), capped('c', 'jvm', 40_000)] }
    },
    want: []
  },
  {
    name: 'thread caps that runtimes ignore',
    spec: { pids: { profiles: [capped('a', 'dotnet', 32_768), capped('b', 'nodejs', 1025)] } },
    want: [
      'spec.pids.profiles[0].threadCap.threads: expected at most 32767, since dotnet ignores more, found 32768',
      'spec.pids.profiles[1].threadCap.threads: expected at most 1024, since nodejs ignores more, found 1025'
    ]
  },
  {
    name: 'a profile that says nothing of pods',
    spec: { pids: { profiles: [{ name: 'p', match: {}, estimate: 1 }] } },
    want: ['spec.pids.profiles[0].match: expected at least one of images, selector']
  },
  {
    name: 'two profiles of one name',
    spec: { pids: { profiles: ['p', 'q', 'p'].map((name) => ({ name, match: image, estimate: 1 })) } },
    want: ['spec.pids.profiles[2].name: a second p; names must be unique']
  },
  {
    name: 'a taint that comes off at last, and taints that never would',
    spec: { headroom: { floor: '90%', taintHysteresis: '9.999%' } },
    want: []
  },
  {
    name: 'floor and hysteresis together are all there is',
    spec: { headroom: { floor: '90%', taintHysteresis: '10%' } },
    want: ['spec.headroom.taintHysteresis: floor and taintHysteresis together leave nothing free to be used']
  },
  {
    name: 'a floor that leaves no room for the default hysteresis',
    spec: { headroom: { floor: '95%' } },
    want: ['spec.headroom.floor: floor and taintHysteresis together leave nothing free to be used']
  },
  {
    name: 'counts are not compared with shares of a ceiling that is not known',
    spec: { headroom: { floor: '95%', taintHysteresis: 500 } },
    want: []
  },
  {
    name: 'an exemption of everything',
    spec: { exemptions: [{ rules: ['*'] }] },
    want: ['spec.exemptions[0]: expected at least one of namespaces, kinds, names, selector']
  },
  {
    name: 'selectors that match everything',
    spec: { exemptions: [{ selector: {} }, { selector: { matchLabels: {} } }] },
    want: [
      'spec.exemptions[0].selector: expected at least one of matchLabels, matchExpressions',
      'spec.exemptions[1].selector.matchLabels: expected at least one label'
    ]
  },
  {
    name: 'requirements with and without values',
    spec: {
      exemptions: [
        {
          selector: {
            matchExpressions: [
              { key: 'a', operator: 'In', values: ['x'] },
              { key: 'a', operator: 'NotIn' },
              { key: 'a', operator: 'Exists' },
              { key: 'a', operator: 'DoesNotExist', values: ['x'] }
            ]
          }
        }
      ]
    },
    want: [
      'spec.exemptions[0].selector.matchExpressions[1]: NotIn needs values',
      'spec.exemptions[0].selector.matchExpressions[3].values: DoesNotExist takes no values'
    ]
  },
  {
    name: 'bounds that meet',
    spec: {
      namespaceTuning: {
        pids: { min: 5, max: 5 },
        cpu: { min: '1', max: '1000m' },
        memory: { min: '1Ki', max: 1024 },
        floor: { min: '5%', max: '5%' }
      }
    },
    want: []
  },
  {
    name: 'bounds that cross',
    spec: {
      namespaceTuning: {
        pids: { min: 6, max: 5 },
        cpu: { min: '1001m', max: 1 },
        memory: { min: '1Ki', max: '1k' },
        floor: { min: 11, max: 10 }
      }
    },
    want: ['pids', 'cpu', 'memory', 'floor'].map((field) => `spec.namespaceTuning.${field}.min: min is above max`)
  },
  {
    name: 'bounds of two sorts',
    spec: { namespaceTuning: { floor: { min: 11, max: '10%' } } },
    want: ['spec.namespaceTuning.floor: min and max must both be shares, or both counts']
  },
  {
    name: 'whatever is malformed is somebody else’s mistake',
    spec: {
      pids: { estimate: 'x', limit: 1.5, profiles: [1, { match: 2 }] },
      overrides: 'x',
      exemptions: [null],
      namespaceTuning: { pids: { min: 'x', max: 1 }, floor: { min: 'x', max: 1 } }
    },
    want: ['spec.pids.profiles[1]: expected at least one of estimate, limit, threadCap']
  }
]
for (const { name, spec, want } of cases) {
  t.test(name, async (t) => {
    t.strictSame(mistakesOf(spec), want)
  })
}
