import { createHmac } from 'node:crypto'
import t from 'tap'
import { isAuthorized, reservationsToken } from '../../src/certs/reservations-token.ts'

const key = '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n'

void t.test('the token is an HMAC of the serving key, and says nothing of it', async (t) => {
  const token = reservationsToken(key)
  t.match(token, /^[0-9a-f]{64}$/)
  t.equal(token, createHmac('sha256', key).update('pidguard reservations v1').digest('hex'))
  t.not(reservationsToken(`${key}x`), token)
})

void t.test('only that token, as a bearer, authorizes', async (t) => {
  const token = reservationsToken(key)
  t.equal(isAuthorized(`Bearer ${token}`, key), true)
  const others = [undefined, '', token, 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`]
  for (const header of [...others, `Bearer ${reservationsToken('another')}`, `Bearer ${'é'.repeat(32)}`])
    t.equal(isAuthorized(header, key), false, String(header))
})
