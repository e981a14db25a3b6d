import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateEvents } from '../certs/certificate-follower.ts'
import { type CertificatePair, needsRenewal, readPair } from '../certs/serving-pair.ts'
import type { Millis } from '../lib/units.ts'
import type { Log } from '../ports/runtime.ts'
import { type PolledFiles, pollFiles } from './poll-files.ts'

/** Names of the certificate of a webhook outside of a cluster. */
const localNames = ['localhost', '127.0.0.1', '::1']
const authorityDays = 3650
/** The longest life of a leaf that every TLS client accepts (CA/Browser Forum since 2020). */
const leafDays = 397

/** Where the serving pair is read from, by the names that kubernetes.io/tls Secrets use. */
function certificatePaths(dir: string): { cert: string; key: string; authority: string } {
  return { cert: join(dir, 'tls.crt'), key: join(dir, 'tls.key'), authority: join(dir, 'ca.crt') }
}

/**
 * The pair in `dir`. Where there is none, or the one made here is about to expire, makes a certificate authority and a
 * leaf for this machine; files that pidguard did not make are never overwritten.
 * Throws ERR_CERTIFICATE when there are files and they are no pair.
 */
async function loadOrMakePair(dir: string, log: Log): Promise<CertificatePair> {
  const paths = certificatePaths(dir)
  const [cert, key] = await Promise.all([readIfThere(paths.cert), readIfThere(paths.key)])
  const ours = (await readIfThere(join(dir, 'ca.key'))) !== undefined
  if (cert !== undefined && key !== undefined && !(ours && needsRenewal(cert, localNames, Date.now())))
    return readPair(cert, key)
  if (!ours && (cert !== undefined || key !== undefined)) return readPair(cert ?? '', key ?? '')
  const made = await makePair(dir)
  log.info({ dir, names: localNames }, 'made a self-signed certificate authority and a serving certificate')
  return made
}

async function makePair(dir: string): Promise<CertificatePair> {
  // Loaded only when needed: most starts find their certificate, and the library takes a tenth of a second.
  const { issueAuthority, issueLeaf } = await import('../certs/issue.ts')
  const from = Date.now()
  const authority = await issueAuthority('pidguard self-signed CA', { from, days: authorityDays })
  const leaf = await issueLeaf(authority, localNames, { from, days: leafDays })
  const paths = certificatePaths(dir)
  await mkdir(dir, { recursive: true })
  await writeWhole(paths.authority, authority.cert, 0o644)
  await writeWhole(join(dir, 'ca.key'), authority.key, 0o600)
  await writeWhole(paths.key, leaf.key, 0o600)
  await writeWhole(paths.cert, leaf.cert, 0o644)
  return readPair(leaf.cert, leaf.key)
}

/** Writes another file and renames it, so that no reader ever sees half a file. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode })
  await rename(`${path}.new`, path)
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The serving certificate, from files or from a cluster. */
export interface CertificateSource {
  /**
   * Resolves to the first pair, as soon as there is one. From then on `events.changed` gets each new pair, and
   * `events.broken` what keeps one from being read; the pair in use stays meanwhile. Call it once.
   */
  start(events: CertificateEvents): Promise<CertificatePair>
  /** Why the API server cannot call us yet, in words; undefined once it could. */
  obstacle(): string | undefined
  stop(): Promise<void>
}

/** A pair in files. `start` throws ERR_CERTIFICATE. */
export function fileCertificates(dir: string, every: Millis, log: Log): CertificateSource {
  let watch: PolledFiles | undefined
  return {
    async start(events) {
      const pair = await loadOrMakePair(dir, log)
      watch = watchPair(dir, pair, every, events)
      return pair
    },
    obstacle: () => undefined,
    async stop() {
      watch?.stop()
    }
  }
}

function watchPair(dir: string, pair: CertificatePair, every: Millis, events: CertificateEvents): PolledFiles {
  const { cert, key } = certificatePaths(dir)
  return pollFiles(
    { cert, key },
    { cert: pair.cert, key: pair.key },
    every,
    (texts) => {
      try {
        events.changed(readPair(texts.cert, texts.key))
      } catch (error) {
        events.broken(error)
      }
    },
    (error) => events.broken(error)
  )
}
