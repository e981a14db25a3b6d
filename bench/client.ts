import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface Answer {
  readonly status: number
  readonly text: string
}

export function post(port: number, url: string, body: string): Promise<Answer> {
  const options = { host: '127.0.0.1', port, path: url, method: 'POST', agent: false, rejectUnauthorized: false }
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...options, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      )
    })
    request.on('error', reject)
    request.setTimeout(15_000, () => request.destroy(new Error('no answer within 15 s')))
    request.end(body)
  })
}

/** True when a plain GET is answered 200. */
export function isUp(port: number, url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: url, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    request.on('error', () => resolve(false))
    request.end()
  })
}
