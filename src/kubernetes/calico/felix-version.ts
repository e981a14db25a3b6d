/** A release of Calico. Both numbers are known: a tag that lacks one is not taken for a version. */
export interface FelixVersion {
  readonly major: number
  readonly minor: number
}

export const felixTag = /:v?(\d{1,3})\.(\d{1,4})(?:[.+-][^/@]*)?(?:@[^/]*)?$/

/** The version in the tag of an image of calico-node: `v3.31.7`, `v3.28.0-build20240625`. undefined: none is there. */
export function felixVersionOf(image: string | null | undefined): FelixVersion | undefined {
  const [, major, minor] = felixTag.exec(image ?? '') ?? []
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) }
}

/** How a release of Felix reads its settings (calico felix/config/config_params.go of each release). */
export interface FelixHabits {
  /** What it does where no source says a backend. v3.8 to v3.16 take legacy; detection came as default with v3.17. */
  readonly builtIn: 'Legacy' | 'detection'
  /** `auto` is a word it knows, from v3.12 on. Before, it is invalid like any other, and the built-in value holds. */
  readonly knowsAuto: boolean
  /** The default of nftablesMode, which came with v3.29: Disabled at first, Auto from v3.32 on. */
  readonly nftablesMode: 'unknown to it' | 'Disabled' | 'Auto'
  /** It removes the rules that another iptables backend left, from v3.33 on (calico pull request 13328). */
  readonly removesOthers: boolean
}

/** Of an unknown version, what the releases of the last years do, and Auto: it may be any of them. */
export function habitsOf(version: FelixVersion | undefined): FelixHabits {
  const isBefore = (minor: number): boolean =>
    version !== undefined && (version.major < 3 || (version.major === 3 && version.minor < minor))
  return {
    builtIn: isBefore(17) ? 'Legacy' : 'detection',
    knowsAuto: !isBefore(12),
    nftablesMode: isBefore(29) ? 'unknown to it' : isBefore(32) ? 'Disabled' : 'Auto',
    removesOthers: version !== undefined && !isBefore(33)
  }
}
