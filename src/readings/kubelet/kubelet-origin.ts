import { isIP } from 'node:net'
import type { ReadingFailure, ReadingTarget } from '../../model/node-reading.ts'

/** A DNS name as the API takes it for a host (RFC 1123 subdomain); a kubelet writes the address of its Node itself. */
const dnsName = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i
/** A host that ends so is read as IPv4 by a URL (https://url.spec.whatwg.org/#ends-in-a-number-checker). */
const numeric = /(^|\.)(\d+|0x[0-9a-f]*)$/i

/**
 * Where the kubelet of a node is asked. A failure where its address is neither an IP nor a DNS name, or its port none: they would
 * become other parts of a URL, and so send our token to another host or path.
 */
export function kubeletOrigin(
  { address, kubeletPort }: Pick<ReadingTarget, 'address' | 'kubeletPort'>,
  port: number | undefined = kubeletPort
): string | ReadingFailure {
  if (address === undefined) return noAddress('the Node has no InternalIP')
  const version = isIP(address)
  // An address with a zone (fe80::1%eth0) is an IP to Node, and no host of a URL; 127.1 and 0x7f000001 are IPs to a URL alone.
  if ((version === 0 && (!dnsName.test(address) || numeric.test(address))) || address.includes('%')) {
    return noAddress(`InternalIP ${JSON.stringify(address.slice(0, 60))}: expected an IP address or a DNS name`)
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return noAddress(`kubelet port ${port}: expected a whole number from 1 to 65535`)
  }
  return `https://${version === 6 ? `[${address}]` : address}:${port}`
}

function noAddress(detail: string): ReadingFailure {
  return { reason: 'no-address', detail }
}
