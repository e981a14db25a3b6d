import type { Backend } from './felix.ts'

/** Which iptables a node's own programs use, by its operating system. */
export interface NodeNeed {
  /** undefined: unknown. */
  readonly backend: Backend | undefined
  /** The kernel has no ip_tables module: Legacy cannot work. */
  readonly isLegacyImpossible: boolean
}

const unknown: NodeNeed = { backend: undefined, isLegacyImpossible: false }
const legacy: NodeNeed = { backend: 'Legacy', isLegacyImpossible: false }
const nft: NodeNeed = { backend: 'NFT', isLegacyImpossible: false }

/**
 * Which release of Red Hat Enterprise Linux it is made from, NaN where from none: by its name; CoreOS by its kernel, or by the second of
 * its numbers (417.94 is of 9.4); and what has another name by a kernel of theirs, as 5.14.0-427.el9_4.
 */
function enterpriseRelease(osImage: string, kernel: string): number {
  const [, ofKernel] = /\.el(\d+)/.exec(kernel) ?? []
  const isCoreOs = osImage.startsWith('Red Hat Enterprise Linux CoreOS')
  const [, ofName] = (isCoreOs ? coreOs : enterprise).exec(osImage) ?? []
  return Number((isCoreOs ? (ofKernel ?? ofName) : (ofName ?? ofKernel)) ?? Number.NaN)
}

const coreOs = /CoreOS \d{3}\.(\d+)\d\./
/** Red Hat and what is made from it. */
const enterprise = /^(?:Red Hat Enterprise Linux|CentOS|Rocky Linux|AlmaLinux|Oracle Linux|Scientific Linux)\D*?(\d+)/i

/**
 * What `status.nodeInfo`, its osImage and kernelVersion, say of the default iptables: EL7 and Amazon Linux 2 have no nft variant; EL8 has no other
 * (Red Hat: Considerations in adopting RHEL 8, ch. Networking), and EL10 no ip_tables module; Debian changed with 10 (release
 * notes, 5.1.2), Ubuntu with 20.10 (its release notes). Where an administrator may have chosen (Ubuntu 19 and 20.04, Debian by
 * update-alternatives) only the node knows. Everything else is unknown.
 */
export function needOf(osImage: string, kernel = ''): NodeNeed {
  const el = enterpriseRelease(osImage, kernel)
  if (el >= 10) return { backend: 'NFT', isLegacyImpossible: true }
  if (el >= 8) return nft
  if (el >= 6) return legacy
  const [, ubuntu] = /^Ubuntu (\d+\.\d+)/.exec(osImage) ?? []
  if (ubuntu !== undefined) return Number(ubuntu) >= 20.1 ? nft : Number(ubuntu) <= 18.1 ? legacy : unknown
  const [, debian] = /^Debian GNU\/Linux (\d+)/.exec(osImage) ?? []
  if (debian !== undefined) return Number(debian) >= 10 ? nft : legacy
  if (osImage.startsWith('Amazon Linux 2023')) return nft
  if (/^Amazon Linux 2(?!\d)/.test(osImage)) return legacy
  return unknown
}
