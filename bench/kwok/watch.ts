// What the API server holds of one kind, kept up to date by a watch. Not pidguard's own caches: it is what they are compared with.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { ControlPlane } from '../../test/e2e/support/control-plane.ts'

export type Change = 'ADDED' | 'MODIFIED' | 'DELETED'

interface Heard<T> {
  /** All objects come again. */
  onReset(): void
  on(change: Change, object: T): void
}

/** Goes on until the control plane stops. Where the stream ends it begins anew. */
export function watch<T>(plane: ControlPlane, path: string, heard: Heard<T>): void {
  const agent = new Agent({ allowH2: false, bodyTimeout: 0, connect: { ca: plane.authority.certificate } })
  const stop = new AbortController()
  const kubeconfig = JSON.parse(readFileSync(join(plane.folder, 'kubeconfig'), 'utf8'))
  const token = kubeconfig.users[0].user.token as string
  plane.atStop(async () => {
    stop.abort()
    await agent.destroy()
  })
  const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

  async function once(): Promise<void> {
    const { statusCode, body } = await request(`${plane.url}${path}?${query}`, {
      dispatcher: agent,
      signal: stop.signal,
      headers: { authorization: `Bearer ${token}` }
    })
    if (statusCode !== 200) throw new Error(`watch ${path}: ${statusCode} ${await body.text()}`)
    heard.onReset()
    let rest = ''
    body.setEncoding('utf8')
    for await (const chunk of body) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: T }
        if (type === 'ERROR') return
        if (type !== 'BOOKMARK') heard.on(type as Change, object)
      }
    }
  }

  async function forever(): Promise<void> {
    while (!stop.signal.aborted) {
      await once().catch((error: unknown) => {
        if (!stop.signal.aborted) console.error(String(error))
      })
      if (!stop.signal.aborted) await sleep(200)
    }
  }
  void forever()
}
