import { X509Certificate } from 'node:crypto'

const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** The certificates of a bundle. Other text is left out, as Go's AppendCertsFromPEM does. */
function certificatesOf(bundle: string): X509Certificate[] {
  return (bundle.match(pem) ?? []).flatMap((text) => {
    try {
      return [new X509Certificate(text)]
    } catch {
      return []
    }
  })
}

/** Whether a client that trusts the bundle accepts the chain (leaf first): one of its certificates is in the bundle or signed by it. */
export function isTrusted(chain: string, bundle: string): boolean {
  const roots = certificatesOf(bundle)
  return certificatesOf(chain).some((cert) =>
    roots.some(
      (root) => cert.fingerprint256 === root.fingerprint256 || (cert.checkIssued(root) && cert.verify(root.publicKey))
    )
  )
}
