/** The Secret with the serving certificate, as it was at one moment. Texts, not base64. */
export interface HeldSecret {
  /** resourceVersion: a write against an older one is a lost race. */
  readonly version: string
  readonly annotations: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, string>>
}

export interface SecretStore {
  /** undefined: there is none. */
  read(): Promise<HeldSecret | undefined>
  /** Creates it, or replaces exactly what is held. undefined: another writer was faster, read again. */
  write(secret: Omit<HeldSecret, 'version'>, held: HeldSecret | undefined): Promise<HeldSecret | undefined>
}

/** The certificate authorities with which the API server verifies us, as they were at one moment. */
export interface Registration {
  /** One entry for each webhook of each configuration that exists: PEM, empty when not set. */
  readonly bundles: readonly string[]
  /** cert-manager's injector writes caBundle, by its annotation. */
  readonly injected: boolean
}

export interface WebhookRegistry {
  read(): Promise<Registration>
  /** Writes the bundle, PEM, into every webhook of both configurations. */
  publish(bundle: string): Promise<void>
}
