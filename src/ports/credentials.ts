export interface TlsSettings {
  /** A bundle of authorities in PEM; undefined: those of the system. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly rejectUnauthorized: boolean
  readonly servername: string | undefined
}

/** Headers and TLS settings of one call. */
export interface CallCredentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsSettings
}

export interface CallCredentialsSource {
  /** Headers and TLS settings of the next call; files and tokens are read again as they change. */
  next(): Promise<CallCredentials>
  /** Forgets the tokens and configuration held so far: a server refused them. */
  renew(): void
}
