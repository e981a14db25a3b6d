import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

/** What the codes of listen(2) mean to who started us. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there, perhaps a pidguard that still runs',
  EACCES: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address'
}

/** Listens and gives back the URL. `flag` names the port in an error. Throws ERR_USAGE when the port is taken or forbidden. */
export async function listen(
  app: FastifyInstance,
  scheme: 'http' | 'https',
  host: string | undefined,
  port: number,
  flag: string
): Promise<string> {
  try {
    await app.listen({ port, host: host ?? everyAddress() })
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new AppError('ERR_USAGE', `${flag} ${port}: ${reasons[code] ?? 'cannot be listened on'} (${code})`, { cause })
  }
  const address = app.server.address() as AddressInfo
  const shown = address.address === '::' || address.address === '0.0.0.0' ? 'localhost' : address.address
  return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`
}

/** `::` accepts IPv4 as well. Where IPv6 is switched off it is no address at all. */
function everyAddress(): string {
  const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6')
  )
  return hasIPv6 ? '::' : '0.0.0.0'
}
