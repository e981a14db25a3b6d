import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import { renderStatus } from './status.ts'

/**
 * Answers what is no request, or did not come in time, and closes. Node counts the time of a first request from the
 * moment the connection is there, but one on which nothing was ever sent is spared: the API server keeps such in its
 * pool, and may be about to use it. From the first byte on Node counts anew.
 */
export function answerClientError({ code }: ConnectionError, socket: Socket): void {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) return
  // Not writable: it broke, and nobody reads an answer.
  if (socket.writable) socket.write(answerTo(code))
  socket.destroy()
}

function answerTo(code: string): string {
  const { status, message } = answers[code] ?? { status: 400, message: 'expected a request, found what is no HTTP' }
  const body = renderStatus(status, message)
  const headers = `Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`
}

const answers: Readonly<Record<string, { status: number; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'request: expected all of it in time, found a part' },
  HPE_HEADER_OVERFLOW: { status: 431, message: `headers: expected at most ${maxHeaderSize} bytes, found more` }
}
