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

/** Red Hat and what is made from it. */
const enterprise = /^(?:Red Hat Enterprise Linux|CentOS|Rocky Linux|AlmaLinux|Oracle Linux|Scientific Linux)\D*?(\d+)/i

/**
 * What `status.nodeInfo.osImage` says of the default iptables: EL7 and Amazon Linux 2 have no nft variant; EL8 has no other
 * (Red Hat: Considerations in adopting RHEL 8, ch. Networking), and EL10 no ip_tables module; Debian changed with 10 (release
 * notes, 5.1.2), Ubuntu with 20.10 (its release notes). Where an administrator may have chosen (Ubuntu 19 and 20.04, Debian by
 * update-alternatives) only the node knows. Everything else is unknown.
 */
export function needOf(osImage: string): NodeNeed {
  const el = Number(enterprise.exec(osImage)?.[1] ?? Number.NaN)
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
