import t from 'tap'
import { felixVersionOf, habitsOf } from '../../../src/kubernetes/calico/felix-version.ts'

t.test('the version in an image', async (t) => {
  const versions: [string | null | undefined, [number, number] | undefined][] = [
    ['quay.io/calico/node:v3.31.7', [3, 31]],
    ['rancher/hardened-calico:v3.28.0-build20240625', [3, 28]],
    ['registry.local:5000/calico/node:3.9', [3, 9]],
    ['calico/node:v3.31.7@sha256:0123', [3, 31]],
    ['calico/node:v3.33.0-0.dev-12-gabc', [3, 33]],
    ['registry.local:5000/calico/node', undefined],
    ['registry.local:5000/calico/node@sha256:0123', undefined],
    ['calico/node:master', undefined],
    ['calico/node:v3', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined]
  ]
  for (const [image, want] of versions) {
    const found = felixVersionOf(image)
    t.strictSame(found === undefined ? undefined : [found.major, found.minor], want, String(image))
  }
})

t.test('the habits of releases, on both sides of each change', async (t) => {
  const at = (minor: number) => habitsOf({ major: 3, minor })
  t.equal(at(11).knowsAuto, false)
  t.equal(at(12).knowsAuto, true)
  t.equal(at(16).builtIn, 'Legacy')
  t.equal(at(17).builtIn, 'detection')
  t.equal(at(28).nftablesMode, 'unknown to it')
  t.equal(at(29).nftablesMode, 'Disabled')
  t.equal(at(31).nftablesMode, 'Disabled')
  t.equal(at(32).nftablesMode, 'Auto')
  t.strictSame(habitsOf({ major: 2, minor: 40 }), at(8), 'older than any we name')
  t.strictSame(habitsOf({ major: 4, minor: 0 }), at(33))
  t.strictSame(habitsOf(undefined), {
    builtIn: 'detection',
    knowsAuto: true,
    nftablesMode: 'Auto',
    removesOthers: false
  })
})
