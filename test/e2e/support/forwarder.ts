import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Address and port. */
export type Target = readonly [address: string, port: number]

export interface Forwarder {
  /** Closes the door and every connection through it. */
  stop(): void
}

/** Each connection goes to the next of the targets there are by then, and stays there; without any it is cut. */
export async function forward(address: string, port: number, targets: () => readonly Target[]): Promise<Forwarder> {
  let turn = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const found = targets()
    const target = found[turn++ % Math.max(1, found.length)]
    if (target === undefined) {
      client.destroy()
      return
    }
    const other = connect(target[1], target[0])
    for (const socket of [client, other]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('error', () => other.destroy())
    other.on('error', () => client.destroy())
    client.pipe(other).pipe(client)
  })
  await once(server.listen(port, address), 'listening')
  return {
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
