import type { ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { Server as PlainServer, Socket } from 'node:net'

interface Connection {
  /** Requests received and not answered yet. */
  underWay: number
  /** Whether it has asked anything yet. */
  isUsed: boolean
  /** Of all connections and requests: which number its last request had, or it itself before the first. */
  lastTurn: number
  /** Called at the end of each answer; one function for all answers of the connection. */
  readonly ended: () => void
}

/**
 * Connections at once. An API server runs at most 200 changing requests at once (--max-mutating-requests-inflight) and each
 * waits for one webhook call at a time, so this serves five API servers at their limit. One with TLS takes some 55 KiB
 * (measured: 5,000 idle ones, 264 MiB).
 */
const connectionsLimit = 1_000

/** Connections at once whose TLS handshake is not finished; one takes a few milliseconds. Own choice. */
const handshakesLimit = 250

export interface ConnectionLimits {
  readonly connections: number
  readonly handshakes: number
}

/**
 * The connections of a server, and how many requests are under way on each. There are never more than the limit: a new one
 * takes the place of the one that has been of no use for longest, so connections that stall cannot keep others out.
 *
 * Closing waits for requests under way, and for nothing else. Node counts a connection without any request yet as busy and
 * would wait for it. Go's transport keeps such connections in its pool, and load balancers open some only as a health check.
 */
export class Connections {
  readonly #limits: ConnectionLimits
  /** Connections whose TLS handshake is not finished, by their ends; the oldest first. */
  readonly #bare = new Map<string, Socket>()
  /** The others. A request changes fields of its entry and not this map, which would cost every review some 3 %. */
  readonly #secure = new Map<Socket, Connection>()
  #turn = 0
  #closing = false

  constructor(
    server: Server,
    limits: ConnectionLimits = { connections: connectionsLimit, handshakes: handshakesLimit }
  ) {
    this.#limits = limits
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
    connection.isUsed = true
    connection.lastTurn = ++this.#turn
    response.on('close', connection.ended)
  }

  #accept(socket: Socket): void {
    const ends = endsOf(socket)
    this.#bare.set(ends, socket)
    socket.on('close', () => {
      // The caller may have come again from the same port.
      if (this.#bare.get(ends) === socket) this.#bare.delete(ends)
    })
    const { connections, handshakes } = this.#limits
    if (this.#bare.size > handshakes) this.#cut(firstOf(this.#bare.values()))
    if (this.#bare.size + this.#secure.size <= connections) return
    this.#cut(this.#leastUseful() ?? firstOf(this.#bare.values()))
  }

  /**
   * The oldest connection that has not asked anything; else the one whose last request began first: it is idle, or its request
   * is slow. Looks at all of them, which takes microseconds, and a handshake takes hundreds.
   */
  #leastUseful(): Socket | undefined {
    let least: readonly [Socket, Connection] | undefined
    for (const entry of this.#secure) if (least === undefined || isLessUseful(entry[1], least[1])) least = entry
    return least?.[0]
  }

  /** Stops counting it at once, and not when it is closed: the next connection may come in the same turn. */
  #cut(socket: Socket | undefined): void {
    if (socket === undefined) return
    this.#bare.delete(endsOf(socket))
    this.#secure.delete(socket)
    socket.destroy()
  }

  #secured(socket: Socket): void {
    this.#bare.delete(endsOf(socket))
    const connection: Connection = {
      underWay: 0,
      isUsed: false,
      lastTurn: ++this.#turn,
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

function isLessUseful(a: Connection, b: Connection): boolean {
  return a.isUsed === b.isUsed ? a.lastTurn < b.lastTurn : !a.isUsed
}

/** The same for a server without TLS, where nothing waits for requests under way: the oldest connection makes room. */
export function limitConnections(server: PlainServer, most: number): void {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    if (open.size <= most) return
    const oldest = firstOf(open.values())
    if (oldest === undefined) return
    open.delete(oldest)
    oldest.destroy()
  })
}

function firstOf<T>(values: Iterator<T>): T | undefined {
  const { done, value } = values.next()
  return done === true ? undefined : value
}

/** Identifies one open connection. The TLS socket has the same ends as the plain socket below it. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ')
}
