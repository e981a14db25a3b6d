import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import { renderStatus } from './status.ts'

/**
 * Answers a malformed or late request and closes the connection. Node counts the time of a first request from the
 * moment the connection opens, but a connection without a single byte stays open: the API server keeps such connections
 * in its pool and may be about to use one. From the first byte on Node starts the count again.
 */
export function answerClientError({ code }: ConnectionError, socket: Socket): void {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) return
  // Not writable: the connection broke, and no one reads an answer.
  if (socket.writable) socket.write(answerTo(code))
  socket.destroy()
}

function answerTo(code: string): string {
  const { status, message } = answers[code] ?? {
    status: 400,
    message: 'expected an HTTP request, found something else'
  }
  const body = renderStatus(status, message)
  const headers = `Connection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`
}

const answers: Readonly<Record<string, { status: number; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'request: expected all of it in time, found a part' },
  HPE_HEADER_OVERFLOW: { status: 431, message: `headers: expected at most ${maxHeaderSize} bytes, found more` }
}
