import t from 'tap'
import { issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import { isPairFor, needsRenewal, readPair } from '../../src/certs/serving-pair.ts'

const from = Date.UTC(2026, 0, 1)
const day = 24 * 60 * 60_000
const names = ['pidguard.pidguard.svc', '127.0.0.1', '::1']
const authority = await issueAuthority('test CA', { from, days: 90 })
const leaf = await issueLeaf(authority, names, { from, days: 90 })
const other = await issueLeaf(authority, ['other'], { from, days: 90 })

/** openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=pidguard.svc -days 36500 */
const commonNameOnly = `-----BEGIN CERTIFICATE-----
MIIBhTCCASugAwIBAgIUZV1I71//mTrtnBA+3t3t31IchKswCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMcGlkZ3VhcmQuc3ZjMCAXDTI2MTEyMTEyMDgwMVoYDzIxMjYx
MDI4MTIwODAxWjAXMRUwEwYDVQQDDAxwaWRndWFyZC5zdmMwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARm4TPBeQHl4gyG5mFykScVyWCdjwNlfGpnRtbjBKA/mlpt
h73krbK19tdeG7R7cUa6HzLwdrnDvuzGs+/xqHqco1MwUTAdBgNVHQ4EFgQUJUsK
fsfQX7s/XHyYMSnb15irRKcwHwYDVR0jBBgwFoAUJUsKfsfQX7s/XHyYMSnb15ir
RKcwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiA0WGWCedbnY4sE
gXb7foCU9ocpbdWiuhFrSa5Ydy6XrwIhALyFO6aMQ1+DU5Eoq2Ln97iia4gvQuQJ
nAmNIghtdvO4
-----END CERTIFICATE-----
`

void t.test('a pair that fits is read with its end', async (t) => {
  const pair = readPair(leaf.cert, leaf.key)
  t.equal(pair.expiresAt, from + 90 * day)
  t.equal(readPair(leaf.cert + authority.cert, leaf.key).expiresAt, pair.expiresAt, 'with its chain')
})

const broken: { name: string; cert: string; key: string; message: RegExp }[] = [
  { name: 'no certificate', cert: '', key: leaf.key, message: /^tls\.crt: expected a PEM certificate/ },
  { name: 'a key for a certificate', cert: leaf.key, key: leaf.key, message: /^tls\.crt: / },
  { name: 'half a certificate', cert: leaf.cert.slice(0, 200), key: leaf.key, message: /^tls\.crt: / },
  { name: 'no key', cert: leaf.cert, key: '', message: /^tls\.key: expected a PEM private key/ },
  { name: 'a certificate for a key', cert: leaf.cert, key: leaf.cert, message: /^tls\.key: / },
  {
    name: 'the key of another',
    cert: leaf.cert,
    key: other.key,
    message: /^tls\.key: .* the key of another certificate$/
  }
]
for (const { name, cert, key, message } of broken) {
  void t.test(`${name} is refused by the name of the file at fault, and no key is shown`, async (t) => {
    t.throws(() => readPair(cert, key), { code: 'ERR_CERTIFICATE', message })
    try {
      readPair(cert, key)
    } catch (error) {
      t.notMatch(String(error), 'BEGIN')
    }
  })
}

void t.test('a certificate is due when two thirds of its life are over', async (t) => {
  const backdated = 5 * 60_000
  const start = from - backdated
  const due = start + ((90 * day + backdated) * 2) / 3
  t.equal(needsRenewal(leaf.cert, names, from), false)
  t.equal(needsRenewal(leaf.cert, names, due - 1), false)
  t.equal(needsRenewal(leaf.cert, names, due), true)
  t.equal(needsRenewal(leaf.cert, names, from + 91 * day), true, 'expired')
})

void t.test('a certificate that is not valid yet is due: the clock was set back', async (t) => {
  t.equal(needsRenewal(leaf.cert, names, from - 5 * 60_000), false)
  t.equal(needsRenewal(leaf.cert, names, from - 5 * 60_000 - 1), true)
})

void t.test('a pair fits when key and certificate belong together and every name is in it', async (t) => {
  t.equal(isPairFor(leaf, names), true)
  t.equal(isPairFor(leaf, [...names, 'localhost']), false, 'one of four is missing')
  t.equal(isPairFor({ cert: leaf.cert, key: other.key }, names), false)
})

void t.test('a certificate is due when it lacks a name or cannot be read', async (t) => {
  t.equal(needsRenewal(leaf.cert, [...names, 'localhost'], from), true)
  t.equal(needsRenewal(leaf.cert, ['127.0.0.2'], from), true)
  t.equal(needsRenewal(leaf.cert, ['::2'], from), true)
  t.equal(needsRenewal(leaf.cert, ['PIDGUARD.pidguard.svc'], from), false, 'names know no case')
  t.equal(needsRenewal('', names, from), true)
})

void t.test('a name in the subject alone is none: the API server reads only subjectAltName', async (t) => {
  const { cert } = await issueLeaf(authority, ['10.0.0.1', '10.0.0.2'], { from, days: 90 })
  t.equal(needsRenewal(cert, ['10.0.0.1'], from), false)
  t.equal(needsRenewal(commonNameOnly, ['pidguard.svc'], Date.UTC(2026, 10, 22)), true)
})
