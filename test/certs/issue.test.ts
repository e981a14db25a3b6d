import 'reflect-metadata'
import { execFile, spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  BasicConstraintsExtension,
  X509Certificate as Certificate,
  KeyUsageFlags,
  KeyUsagesExtension
} from '@peculiar/x509'
import t, { type Test } from 'tap'
import { type Issued, issueAuthority, issueLeaf } from '../../src/certs/issue.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const now = Date.now()
const names = ['localhost', 'pidguard.pidguard.svc', '127.0.0.1', '::1']

async function issued(): Promise<{ authority: Issued; leaf: Issued }> {
  const authority = await issueAuthority('pidguard test CA', { from: now, days: 10 })
  return { authority, leaf: await issueLeaf(authority, names, { from: now, days: 5 }) }
}

void t.test('a leaf is signed by its authority and valid for each of its names', async (t) => {
  const { authority, leaf } = await issued()
  const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)]
  t.equal(cert.subject, 'CN=localhost', 'the first of its names')
  t.ok(cert.checkIssued(ca))
  t.ok(cert.verify(ca.publicKey))
  t.ok(cert.checkPrivateKey(createPrivateKey(leaf.key)))
  t.equal(cert.checkHost('localhost', { subject: 'never' }), 'localhost')
  t.equal(cert.checkHost('pidguard.pidguard.svc', { subject: 'never' }), 'pidguard.pidguard.svc')
  t.equal(cert.checkHost('example.com', { subject: 'never' }), undefined)
  t.equal(cert.checkIP('127.0.0.1'), '127.0.0.1')
  t.ok(cert.checkIP('::1') !== undefined)
  t.equal(cert.checkIP('127.0.0.2'), undefined)
})

void t.test('an authority may sign, a leaf may only serve', async (t) => {
  const { authority, leaf } = await issued()
  const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)]
  t.equal(ca.ca, true)
  t.ok(ca.checkIssued(ca))
  t.equal(cert.ca, false)
  t.strictSame(cert.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'serverAuth')
  t.equal(cert.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
})

void t.test(
  'what each may do is marked critical, so that a reader which does not know it refuses the certificate',
  async (t) => {
    const { authority, leaf } = await issued()
    const read = (pem: string) => {
      const certificate = new Certificate(pem)
      const limits = certificate.getExtension(BasicConstraintsExtension)
      const usages = certificate.getExtension(KeyUsagesExtension)
      return {
        limits: [limits?.ca, limits?.pathLength, limits?.critical],
        usages: [usages?.usages, usages?.critical]
      }
    }
    t.strictSame(read(authority.cert), {
      limits: [true, 0, true],
      usages: [KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true]
    })
    t.strictSame(read(leaf.cert), { limits: [false, undefined, true], usages: [KeyUsageFlags.digitalSignature, true] })
  }
)

void t.test('validity starts five minutes early, for clocks that are behind, and ends on time', async (t) => {
  const { cert } = await issueAuthority('a', { from: Date.UTC(2026, 0, 1), days: 2 })
  const read = new X509Certificate(cert)
  t.equal(read.validFromDate.getTime(), Date.UTC(2025, 11, 31, 23, 55))
  t.equal(read.validToDate.getTime(), Date.UTC(2026, 0, 3))
})

void t.test('no two certificates have the same serial number or key', async (t) => {
  const made = await Promise.all(Array.from({ length: 20 }, () => issueAuthority('a', { from: now, days: 1 })))
  const read = made.map(({ cert }) => new X509Certificate(cert))
  t.equal(new Set(read.map(({ serialNumber }) => serialNumber)).size, 20)
  t.equal(new Set(made.map(({ key }) => key)).size, 20)
  for (const { serialNumber } of read) {
    t.ok(serialNumber.length <= 40, 'RFC 5280 §4.1.2.2: at most 20 octets')
    t.notMatch(serialNumber, /^(0*|-.*)$/, 'RFC 5280 §4.1.2.2: above zero')
  }
})

void t.test('another authority did not sign it', async (t) => {
  const [one, two] = await Promise.all([issued(), issued()])
  t.notOk(new X509Certificate(one.leaf.cert).verify(new X509Certificate(two.authority.cert).publicKey))
})

async function verify(t: Test, options: readonly string[]): Promise<string> {
  const { authority, leaf } = await issued()
  const folder = t.testdir({})
  await writeFile(join(folder, 'ca.crt'), authority.cert)
  await writeFile(join(folder, 'tls.crt'), leaf.cert)
  const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', join(folder, 'ca.crt'), ...options]
  const { stdout } = await promisify(execFile)('openssl', [...args, join(folder, 'tls.crt')])
  return stdout
}

void t.test(
  'openssl accepts the chain in its strict reading',
  { skip: !hasOpenssl && 'no openssl here' },
  async (t) => {
    t.match(await verify(t, ['-verify_hostname', 'pidguard.pidguard.svc']), /OK/)
    t.match(await verify(t, ['-verify_hostname', 'localhost']), /OK/)
    t.match(await verify(t, ['-verify_ip', '::1']), /OK/)
    await t.rejects(verify(t, ['-verify_hostname', 'example.com']))
  }
)
