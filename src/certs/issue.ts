import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator
} from '@peculiar/x509'
import type { Millis } from '../lib/units.ts'

/** A certificate and its private key, both PEM, each ending its last line: files of several are made by joining them. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

/** Elliptic curve keys: a handshake costs about a quarter less than with RSA 2048. */
const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** Clocks differ: what is valid from now on would be refused by a machine a minute behind. */
const backdated: Millis = 5 * 60_000

export interface Validity {
  readonly from: Millis
  readonly days: number
}

/** A new certificate authority that may sign leaves and nothing else. */
export async function issueAuthority(name: string, validity: Validity): Promise<Issued> {
  const keys = await generateKeys()
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: keyAlgorithm,
    ...span(validity),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey)
    ]
  })
  return { cert: `${cert.toString('pem')}\n`, key: await pemOf(keys.privateKey) }
}

/** A serving certificate for the names, DNS or IP, signed by the authority. */
export async function issueLeaf(authority: Issued, names: readonly string[], validity: Validity): Promise<Issued> {
  const keys = await generateKeys()
  const issuer = new X509Certificate(authority.cert)
  const cert = await X509CertificateGenerator.create({
    subject: `CN=${names[0]}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: keyAlgorithm,
    ...span(validity),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map(generalName)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer)
    ]
  })
  return { cert: `${cert.toString('pem')}\n`, key: await pemOf(keys.privateKey) }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(pem), keyAlgorithm, false, ['sign'])
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)}\n`
}

function span({ from, days }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(from - backdated), notAfter: new Date(from + days * 24 * 60 * 60_000) }
}

function generalName(name: string): JsonGeneralName {
  return { type: name.includes(':') || /^[\d.]+$/.test(name) ? 'ip' : 'dns', value: name }
}
