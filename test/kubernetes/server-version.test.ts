import t from 'tap'
import { minorVersionOf, readVersion } from '../../src/kubernetes/server-version.ts'

void t.test('the answer of /version, of old, managed and emulating servers', async (t) => {
  const cases: [unknown, number | undefined][] = [
    [{ major: '1', minor: '20', gitVersion: 'v1.20.2' }, 20],
    [{ major: '1', minor: '21+' }, 21],
    [{ major: '1', minor: '37', emulationMajor: '1', emulationMinor: '36' }, 36],
    [{ major: '1', minor: '37', emulationMajor: '', emulationMinor: '' }, 37],
    [{ major: '2', minor: '0' }, undefined],
    [{ major: '1', minor: '' }, undefined],
    [{ major: '1', minor: 20 }, undefined],
    [{}, undefined],
    ['1.20', undefined],
    [null, undefined]
  ]
  for (const [info, want] of cases) t.equal(minorVersionOf(info), want, JSON.stringify(info))
})

void t.test('a version as users write it', async (t) => {
  for (const text of ['1.36', 'v1.36', 'v1.36.0', '1.36.1-gke.100', '1.36.2+k3s1', 'v1.36-rc.1'])
    t.equal(readVersion(text), 36, text)
  for (const text of ['', '1', '36', '2.36', 'v1.x', '1.36 ', '1.3600', 'latest', '1.36.', `1.36.${'0'.repeat(101)}`])
    t.equal(readVersion(text), text === '1.36.' ? 36 : undefined, text)
})
