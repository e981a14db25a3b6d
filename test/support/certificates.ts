import type { HeldSecret, Registration, SecretStore, WebhookRegistry } from '../../src/ports/certificates.ts'

/** A Secret as the API server keeps it: a write against an older version is refused. */
export class FakeSecret implements SecretStore {
  held: HeldSecret | undefined
  writes = 0
  /** Run once, right before the next write. */
  intruder: (() => void) | undefined

  put(annotations: Record<string, string>, data: Record<string, string>): void {
    this.held = { version: `${Number(this.held?.version ?? 0) + 1}`, annotations, data }
  }

  async read(): Promise<HeldSecret | undefined> {
    return this.held
  }

  async write(
    { annotations, data }: Omit<HeldSecret, 'version'>,
    held: HeldSecret | undefined
  ): Promise<HeldSecret | undefined> {
    this.intruder?.()
    this.intruder = undefined
    if (held?.version !== this.held?.version) return undefined
    this.writes++
    this.put({ ...annotations }, { ...data })
    return this.held
  }
}

export class FakeRegistry implements WebhookRegistry {
  bundles: string[] = ['', '']
  injected = false
  publishes = 0

  async read(): Promise<Registration> {
    return { bundles: this.bundles, injected: this.injected }
  }

  async publish(bundle: string): Promise<void> {
    this.publishes++
    this.bundles = this.bundles.map(() => bundle)
  }
}
