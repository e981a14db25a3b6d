import t from 'tap'
import { readKustomization } from '../../src/input/kustomization.ts'

void t.test('a kustomization names its resources, and what it puts into others', async (t) => {
  const text = `resources: [../base, deploy.yaml]
components: [extra]
patches:
- path: a.yaml
- patch: '[{op: add}]'
  target: {kind: Deployment}
patchesStrategicMerge:
- b.yaml
- |-
  apiVersion: v1
patchesJson6902: [{path: c.yaml, target: {}}]
replacements: [{path: d.yaml}]
configMapGenerator: [{name: x, files: [key=e.yaml, f.yaml], envs: [g.env], literals: [h=i]}]
`
  t.strictSame(readKustomization(text), {
    resources: ['../base', 'deploy.yaml', 'extra'],
    parts: ['a.yaml', 'c.yaml', 'd.yaml', 'b.yaml', 'e.yaml', 'f.yaml', 'g.env']
  })
})

void t.test('what is none names nothing', async (t) => {
  for (const text of ['', '- a\n', 'a: b: c\n', 'patches: 7\nresources: x\nconfigMapGenerator: [1]\n']) {
    t.strictSame(readKustomization(text), { resources: [], parts: [] }, text)
  }
})
