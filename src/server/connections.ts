import type { ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'

interface Connection {
  /** Requests that came and are not answered yet. */
  underWay: number
  /** For the end of each answer; one for all of them. */
  readonly ended: () => void
}

/**
 * The connections of a server, and how many requests are under way on each: closing waits for those, and for nothing
 * else. Node takes a connection that nobody has used yet for a busy one, and would wait for it. Go's transport keeps
 * such in its pool, and load balancers open some only to see whether they can.
 */
export class Connections {
  /** Those that have not agreed on TLS, by their ends. */
  readonly #bare = new Map<string, Socket>()
  readonly #secure = new Map<Socket, Connection>()
  #closing = false

  constructor(server: Server) {
    server.on('connection', (socket) => this.#accept(socket as Socket))
    server.on('secureConnection', (socket) => this.#secured(socket))
    // Called by `close` in the turn in which it stops to listen, so that no connection comes after it.
    server.closeIdleConnections = () => this.#close()
  }

  /** A request came on this socket: it is under way until it was answered, or its connection is gone. */
  begin(socket: Socket, response: ServerResponse): void {
    const connection = this.#secure.get(socket)
    if (connection === undefined) return
    connection.underWay++
    response.on('close', connection.ended)
  }

  #accept(socket: Socket): void {
    const ends = endsOf(socket)
    this.#bare.set(ends, socket)
    socket.on('close', () => {
      // The caller may have come again from the same port.
      if (this.#bare.get(ends) === socket) this.#bare.delete(ends)
    })
  }

  #secured(socket: Socket): void {
    this.#bare.delete(endsOf(socket))
    const connection: Connection = {
      underWay: 0,
      ended: () => {
        connection.underWay--
        if (this.#closing && connection.underWay === 0) socket.destroySoon()
      }
    }
    this.#secure.set(socket, connection)
    socket.on('close', () => this.#secure.delete(socket))
  }

  #close(): void {
    this.#closing = true
    for (const socket of this.#bare.values()) socket.destroy()
    for (const [socket, { underWay }] of this.#secure) if (underWay === 0) socket.destroy()
  }
}

/** Tells one open connection from all others. The socket with TLS says the same as the bare one that it came over. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}
