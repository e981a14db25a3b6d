import type { HeldSecret, Registration, SecretStore, WebhookRegistry } from '../ports/certificates.ts'
import type { Clock, Log } from '../ports/runtime.ts'
import { type CertificateState, certificateState } from './certificate-reader.ts'
import { dataOf, isOurs, type Keyring, keyringOf, marksOf, trustedBy } from './keyring.ts'
import { planRotation, type Terms } from './plan-rotation.ts'

export interface KeeperDeps {
  readonly secret: SecretStore
  readonly registry: WebhookRegistry
  readonly terms: Terms
  readonly clock: Clock
  readonly log: Log
  /** `pidguard` makes and renews certificates; `other` (cert-manager, a person) does, and we only read. */
  readonly issuer: 'pidguard' | 'other'
}

/** More steps than any keyring needs at once: a bound against an endless loop. */
const mostSteps = 4

/**
 * Keeps the serving certificate, and the API server's trust in it, up to date. Every controller looks, and the one that
 * leads also acts. Two processes that both believe to lead do no harm: a write replaces the Secret only in the version that was read,
 * and caBundle follows the Secret.
 */
export class CertificateKeeper {
  readonly #deps: KeeperDeps

  constructor(deps: KeeperDeps) {
    this.#deps = deps
  }

  /** Throws KubeError, and ERR_CERTIFICATE for a broken Secret that is not ours; call it again later. */
  async look(leading: boolean): Promise<CertificateState> {
    const { secret, registry } = this.#deps
    let [held, registration] = await Promise.all([secret.read(), registry.read()])
    if (leading) {
      held = await this.#renew(held, registration)
      registration = await this.#publish(held, registration)
    }
    return certificateState(held, registration, this.#deps.clock.now())
  }

  /** The Secret after all steps that are due. One that is not ours stays as it is. */
  async #renew(held: HeldSecret | undefined, registration: Registration): Promise<HeldSecret | undefined> {
    const { secret, terms, clock, log, issuer } = this.#deps
    if (issuer === 'other' || (held !== undefined && !isOurs(held))) return held
    let current = held
    for (let count = 0; count < mostSteps; count++) {
      const ring = current && keyringOf(current.data)
      const step = planRotation(ring, isPublished(ring, registration), terms, clock.now())
      if (step === 'nothing') return current
      // Loaded when something is to be issued: the certificate library takes a tenth of a second, and memory.
      const { takeStep } = await import('./apply-rotation-step.ts')
      const data = dataOf(await takeStep(step, ring, terms, clock.now()))
      const written = await secret.write({ annotations: { ...current?.annotations, ...marksOf(data) }, data }, current)
      // Another process was faster: the next look sees what it wrote.
      if (written === undefined) return secret.read()
      current = written
      log.info({ step }, 'certificates renewed')
    }
    return current
  }

  async #publish(held: HeldSecret | undefined, registration: Registration): Promise<Registration> {
    const { registry, log } = this.#deps
    const bundle = held && bundleOf(held)
    if (bundle === undefined || registration.injected || registration.bundles.every((each) => each === bundle)) {
      return registration
    }
    await registry.publish(bundle)
    log.info({ webhooks: registration.bundles.length }, 'caBundle written')
    return registry.read()
  }
}

function isPublished(ring: Keyring | undefined, { bundles }: Registration): boolean {
  const wanted = ring && trustedBy(ring)
  return bundles.every((bundle) => bundle === wanted)
}

/** undefined: a Secret that is not ours and does not hold its authority. */
function bundleOf(held: HeldSecret): string | undefined {
  if (!isOurs(held)) return held.data['ca.crt']
  const ring = keyringOf(held.data)
  return ring && trustedBy(ring)
}
