import t from 'tap'
import { goldenOf, kustomizations, objectsOf, render } from '../support/rendered.ts'

for (const [name, folder] of Object.entries(kustomizations)) {
  void t.test(`${folder} renders as test/golden/manifests/${name}.yaml`, async (t) => {
    const text = render(folder)
    if (text === undefined) return t.pass('rendered', { skip: 'no kubectl of v1.27 or newer' })
    t.strictSame(objectsOf(text), objectsOf(goldenOf(name)), 'npm run golden, and read the diff')
  })
}
