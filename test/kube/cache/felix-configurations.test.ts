import t, { type Test } from 'tap'
import { FelixConfigurations } from '../../../src/kube/cache/felix-configurations.ts'
import type { FelixSettings } from '../../../src/kubernetes/calico/felix.ts'
import {
  type Answer,
  memoryLog,
  sendJson,
  sendStatus,
  startFakeApi,
  systemClock,
  until
} from '../../support/fake-api.ts'

/** What each group answers with: a status, or the FelixConfigurations it has by name and backend. */
type Groups = Partial<Record<'projectcalico.org/v3' | 'crd.projectcalico.org/v1', number | Record<string, string>>>

function answerOf(groups: () => Groups, watches: Parameters<Answer>[1][]): Answer {
  return (request, response, query) => {
    const apiVersion = request.url?.slice('/apis/'.length, request.url.indexOf('/felixconfigurations')) as keyof Groups
    const found = groups()[apiVersion] ?? 404
    if (typeof found === 'number') return sendStatus(response, found)
    if (query.has('watch')) {
      response.writeHead(200).flushHeaders()
      watches.push(response)
      return
    }
    const items = Object.entries(found).map(([name, iptablesBackend]) => ({
      metadata: { name, resourceVersion: '1' },
      spec: { iptablesBackend }
    }))
    sendJson(response, { metadata: { resourceVersion: '1' }, items })
  }
}

async function cluster(t: Test, groups: () => Groups) {
  const watches: Parameters<Answer>[1][] = []
  const api = await startFakeApi(answerOf(groups, watches))
  const log = memoryLog()
  const configurations = new FelixConfigurations({
    api: api.client,
    clock: systemClock,
    log,
    random: () => 0,
    every: 5
  })
  t.teardown(async () => {
    await configurations.stop()
    await api.stop()
  })
  t.equal(configurations.known, undefined, 'nothing is known before it was asked')
  t.equal(configurations.isSettled, false)
  configurations.start()
  return { configurations, log, watches, api }
}

const said = (known: readonly FelixSettings[] | undefined): string[] | undefined =>
  known?.map(({ name, iptablesBackend }) => `${name} ${iptablesBackend}`)

t.test('the group of Calico goes before that of its CRDs', async (t) => {
  const { configurations } = await cluster(t, () => ({
    'projectcalico.org/v3': { default: 'NFT' },
    'crd.projectcalico.org/v1': { default: 'Legacy' }
  }))
  await until(
    'settled',
    () => configurations.isSettled,
    () => configurations
  )
  t.strictSame(said(configurations.known), ['default NFT'])
})

t.test('the CRDs alone, and changes as they come', async (t) => {
  const { configurations, watches } = await cluster(t, () => ({ 'crd.projectcalico.org/v1': { default: 'Auto' } }))
  await until(
    'settled',
    () => configurations.isSettled,
    () => configurations
  )
  t.strictSame(said(configurations.known), ['default Auto'])
  await until(
    'a watch',
    () => watches.length > 0,
    () => watches
  )
  const event = (type: string, name: string, iptablesBackend: string): string =>
    `${JSON.stringify({ type, object: { metadata: { name, resourceVersion: '2' }, spec: { iptablesBackend } } })}\n`
  watches[0]?.write(event('MODIFIED', 'default', 'NFT') + event('ADDED', 'node.a', 'Legacy'))
  await until(
    'changes',
    () => configurations.known?.length === 2,
    () => configurations.known
  )
  t.strictSame(said(configurations.known), ['default NFT', 'node.a Legacy'])
  watches[0]?.write(event('DELETED', 'node.a', 'Legacy'))
  await until(
    'the end of it',
    () => configurations.known?.length === 1,
    () => configurations.known
  )
})

t.test('where no group is served there are none; one that comes later is read', async (t) => {
  let groups: Groups = {}
  const { configurations, log } = await cluster(t, () => groups)
  await until(
    'settled',
    () => configurations.isSettled,
    () => configurations
  )
  t.strictSame(configurations.known, [])
  groups = { 'crd.projectcalico.org/v1': { default: 'Legacy' } }
  await until(
    'read',
    () => configurations.known?.length === 1,
    () => configurations.known
  )
  groups = { ...groups, 'projectcalico.org/v3': { default: 'NFT' } }
  await until(
    'the other group',
    () => said(configurations.known)?.[0] === 'default NFT',
    () => said(configurations.known)?.[0]
  )
  t.strictSame(log.lines, [])
})

t.test('what may not be read is unknown, never empty, and the log says so once', async (t) => {
  let groups: Groups = { 'projectcalico.org/v3': 403, 'crd.projectcalico.org/v1': 403 }
  const { configurations, log, api } = await cluster(t, () => groups)
  await until(
    'settled',
    () => configurations.isSettled,
    () => configurations
  )
  await until(
    'asked several times',
    () => api.asked.length > 6,
    () => api.asked
  )
  t.equal(configurations.known, undefined)
  t.equal(log.lines.length, 1)
  groups = { 'projectcalico.org/v3': 503, 'crd.projectcalico.org/v1': { default: 'NFT' } }
  await until(
    'read from the other',
    () => configurations.known !== undefined,
    () => configurations.known
  )
  t.strictSame(said(configurations.known), ['default NFT'])
})

t.test('what was read stays while the API server does not answer', async (t) => {
  let groups: Groups = { 'crd.projectcalico.org/v1': { default: 'NFT' } }
  const { configurations, api } = await cluster(t, () => groups)
  await until(
    'settled',
    () => configurations.isSettled,
    () => configurations
  )
  groups = { 'projectcalico.org/v3': 503, 'crd.projectcalico.org/v1': 503 }
  const asked = api.asked.length
  await until(
    'asked again',
    () => api.asked.length > asked + 4,
    () => api.asked
  )
  t.strictSame(said(configurations.known), ['default NFT'])
})
