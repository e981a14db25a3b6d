import { backendOf, type SeenDataplane } from '../kubernetes/calico/felix.ts'

/** Felix writes it at each start, several times in the life of a container (calico felix/daemon/daemon.go). */
const starting = 'Felix starting up'

/**
 * The backend that Felix looks up its `iptables-restore` for, which it does at each start and writes at level info
 * (`findBestBinary`: calico felix/iptables/table.go in v3.8, feature_detect.go up to v3.21, felix/environment/feature_detect.go up to
 * v3.25, feature_detect_linux.go since). Detection itself looks up `save` alone. Felix writes fields in the order of their names.
 */
const lookUp = /Looked up iptables command\b.*\bbackendMode="(\w+)".*\bsaveOrRestore="restore"/g

/**
 * From v3.32 on Felix says whether it programs nftables itself (felix/dataplane/linux/int_dataplane.go, `useNftables`). It then looks up
 * iptables too, to clean up.
 */
const nftables = /Determined whether or not to use nftables\b.*\buseNftables=true\b/

/**
 * What Felix was seen to use, in the log of its container from the last start that is in it. undefined: the log does not have
 * it, as where it was rotated or its level is higher. From v3.33 on a Felix that uses NFT looks up Legacy as well, to clean up, and
 * one that uses Legacy never looks up NFT.
 */
export function backendOfLog(log: string): SeenDataplane | undefined {
  const since = log.slice(Math.max(0, log.lastIndexOf(starting)))
  if (nftables.test(since)) return 'nftables'
  const modes = new Set(Array.from(since.matchAll(lookUp), ([, mode = '']) => backendOf(mode)))
  if (modes.has(undefined)) return undefined
  return modes.has('NFT') ? 'NFT' : modes.has('Legacy') ? 'Legacy' : undefined
}
