import type { HeldSecret, Registration, SecretStore, WebhookRegistry } from '../ports/certificates.ts'
import type { Clock } from '../ports/runtime.ts'
import { authoritiesIn, isOurs } from './keyring.ts'
import { type CertificatePair, readPair } from './serving-pair.ts'
import { isTrusted } from './trust.ts'

export interface ReaderDeps {
  readonly secret: Pick<SecretStore, 'read'>
  readonly registry: Pick<WebhookRegistry, 'read'>
  readonly clock: Pick<Clock, 'now'>
}

/** What one look at the cluster showed. */
export interface CertificateState {
  /** undefined: there is none yet. */
  readonly pair: CertificatePair | undefined
  /** Why the API server cannot call us, in words; undefined when it can. */
  readonly obstacle: string | undefined
}

/** Reads the serving certificate that the controller keeps, or another program such as cert-manager. Writes nothing. */
export class CertificateReader {
  readonly #deps: ReaderDeps
  /** The API server could call us once. From then on only the Secret is read: see `CertificateFollower`. */
  #wasTrusted = false

  constructor(deps: ReaderDeps) {
    this.#deps = deps
  }

  /** Throws KubeError, and ERR_CERTIFICATE for a Secret without a pair; call it again later. */
  async look(): Promise<CertificateState> {
    const { secret, registry, clock } = this.#deps
    const [held, registration] = await Promise.all([secret.read(), this.#wasTrusted ? unread : registry.read()])
    const state = certificateState(held, registration, clock.now())
    this.#wasTrusted ||= state.pair !== undefined && state.obstacle === undefined
    return state
  }
}

const unread: Registration = { bundles: [], injected: false }

/** What the Secret and the webhook configurations say together. Throws ERR_CERTIFICATE for a Secret without a pair. */
export function certificateState(
  held: HeldSecret | undefined,
  { bundles }: Registration,
  now: number
): CertificateState {
  if (held === undefined) {
    const obstacle =
      'the Secret of the serving certificate is not there yet: the controller makes it, or the program that issues yours'
    return { pair: undefined, obstacle }
  }
  const authorities = authoritiesIn(held.data)
  const pair = { ...readPair(held.data['tls.crt'] ?? '', held.data['tls.key'] ?? ''), authorities }
  if (pair.expiresAt <= now) return { pair, obstacle: 'the serving certificate has expired' }
  // With an empty bundle the API server trusts the authorities of its machine, and ours is not among them.
  const ours = isOurs(held)
  const doubtful = bundles.some((bundle) => (bundle === '' ? ours : !isTrusted(pair.cert, bundle)))
  const obstacle = doubtful
    ? 'caBundle of the webhook configurations lacks the authority of the certificate'
    : undefined
  return { pair, obstacle }
}
