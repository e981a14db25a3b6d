import { isRecord } from '../lib/json/shape.ts'

/** The minor version of a Kubernetes v1 API server: 37 for v1.37.2. Older and newer servers read some fields differently. */
export type MinorVersion = number

/** The newest version that pidguard is tested with; assumed where nothing else is known of the server to come. */
export const newestMinor: MinorVersion = 37

/**
 * Of the answer of `/version`. An API server that emulates an older version also behaves like it (apimachinery
 * pkg/version types.go). undefined when it is not one of Kubernetes v1.
 */
export function minorVersionOf(info: unknown): MinorVersion | undefined {
  if (!isRecord(info)) return undefined
  const { emulationMajor, emulationMinor, major, minor } = info
  return isEmpty(emulationMinor) ? readMinor(major, minor) : readMinor(emulationMajor, emulationMinor)
}

/** Of a version as users write it: `1.37`, `v1.37.2`, `v1.34.4-gke.100`. undefined when it is not one of Kubernetes v1. */
export function readVersion(text: string): MinorVersion | undefined {
  const [, major, minor] = /^v?(\d{1,3})\.(\d{1,3})(?:[.+-][-+.\w]{0,100})?$/.exec(text) ?? []
  return readMinor(major, minor)
}

function isEmpty(text: unknown): boolean {
  return text === undefined || text === ''
}

/** Managed clusters write `21+`. */
function readMinor(major: unknown, minor: unknown): MinorVersion | undefined {
  if (major !== '1' || typeof minor !== 'string') return undefined
  const digits = /^(\d{1,3})\D{0,20}$/.exec(minor)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
