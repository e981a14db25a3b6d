import { createHmac, timingSafeEqual } from 'node:crypto'

/** What the key is asked for; another text would give another token. */
const purpose = 'pidguard reservations v1'

/**
 * The bearer token of `GET /reservations`: hexadecimal, 64 characters. Guard and controller both read the serving key (PEM) from
 * their Secret, so both know it, and nobody else does. The key cannot be computed from it.
 */
export function reservationsToken(key: string): string {
  return createHmac('sha256', key).update(purpose).digest('hex')
}

/** Whether the header `authorization` has that token. Takes the same time wherever the two differ. */
export function isAuthorized(header: string | undefined, key: string): boolean {
  const [found, wanted] = [header ?? '', `Bearer ${reservationsToken(key)}`].map((text) => Buffer.from(text)) as [
    Buffer,
    Buffer
  ]
  return found.length === wanted.length && timingSafeEqual(found, wanted)
}
