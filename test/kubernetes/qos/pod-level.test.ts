import t from 'tap'
import { podLevelDecides } from '../../../src/kubernetes/qos/pod-level.ts'

/** Whether `spec.resources` decides on v1.33, v1.34, v1.36 and v1.37. */
const cases: [object | null | undefined, boolean, boolean, boolean, boolean][] = [
  [undefined, false, false, false, false],
  [null, false, false, false, false],
  [{}, false, true, true, false],
  [{ requests: {} }, false, true, true, false],
  [{ requests: null, limits: null }, false, true, true, false],
  [{ limits: { 'ephemeral-storage': '1Gi' } }, false, true, true, false],
  [{ requests: { cpu: '1' } }, false, true, true, true],
  [{ requests: { cpu: '0' } }, false, true, true, true],
  [{ limits: { memory: '1Gi' } }, false, true, true, true],
  [{ limits: { 'hugepages-2Mi': '4Mi' } }, false, true, true, true]
]
for (const [resources, ...want] of cases) {
  void t.test(`${JSON.stringify(resources)} decides by version`, async (t) => {
    t.strictSame(
      [33, 34, 36, 37].map((server) => podLevelDecides({ resources }, server)),
      want
    )
  })
}
