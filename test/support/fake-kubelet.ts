import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type Issued, issueAuthority, issueLeaf } from '../../src/certs/issue.ts'
import type { NodeReading, ReadingFailure, ReadingTarget } from '../../src/model/node-reading.ts'
import type { ReadingSink } from '../../src/ports/readings.ts'

const validity = { from: Date.now(), days: 2 }
export const kubeletAuthority: Issued = await issueAuthority('kubelets', validity)
const leaf = await issueLeaf(kubeletAuthority, ['127.0.0.1'], validity)

export type KubeletAnswer = (request: IncomingMessage, response: ServerResponse) => void

/** A real HTTPS server on loopback in a kubelet's place. */
export async function startFakeKubelet(t: Test, answer: KubeletAnswer) {
  const state = { connections: 0, open: 0, mostOpen: 0, requests: 0 }
  const server = createServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
    state.requests++
    answer(request, response)
  })
  server.on('secureConnection', (socket) => {
    state.connections++
    state.open++
    state.mostOpen = Math.max(state.mostOpen, state.open)
    socket.on('close', () => state.open--)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = (server.address() as AddressInfo).port
  const target = (name: string): ReadingTarget => ({ name, address: '127.0.0.1', kubeletPort: port })
  return { state, target }
}

/** A sink that keeps what it is told. */
export function memorySink(): ReadingSink & {
  readonly readings: Map<string, NodeReading>
  readonly failures: Map<string, ReadingFailure>
} {
  const readings = new Map<string, NodeReading>()
  const failures = new Map<string, ReadingFailure>()
  return {
    readings,
    failures,
    observeReading: (reading) => void readings.set(reading.node, reading),
    observeFailure: (node, failure) => void failures.set(node, failure)
  }
}
