import t, { type Test } from 'tap'
import { guardAccess } from '../../../src/serve/controller/guard-access.ts'

const cluster = { namespace: 'pids' }
const pair = { cert: 'cert', key: 'key', expiresAt: 0 }

function inCluster(t: Test, host: string | undefined): void {
  const held = process.env['KUBERNETES_SERVICE_HOST']
  if (host === undefined) delete process.env['KUBERNETES_SERVICE_HOST']
  else process.env['KUBERNETES_SERVICE_HOST'] = host
  t.teardown(() => {
    if (held === undefined) delete process.env['KUBERNETES_SERVICE_HOST']
    else process.env['KUBERNETES_SERVICE_HOST'] = held
  })
}

void t.test('in a cluster the guard is asked by its Service, elsewhere where it is said to be', async (t) => {
  inCluster(t, '10.0.0.1')
  const serverName = 'pidguard-guard.pids.svc'
  t.match(
    guardAccess({ certSecret: 's' }, cluster, () => pair),
    { url: `https://${serverName}:443`, serverName }
  )
  inCluster(t, undefined)
  t.equal(
    guardAccess({ certSecret: 's' }, cluster, () => pair),
    undefined
  )
  const guard = 'https://127.0.0.1:9443'
  t.match(
    guardAccess({ certSecret: 's', guard }, cluster, () => pair),
    { url: guard, serverName }
  )
  t.equal(
    guardAccess({ guard }, cluster, () => pair),
    undefined,
    'without a Secret there is nothing to know it by'
  )
})

void t.test('the newest pair counts, and one without its authorities is none', async (t) => {
  let held: Parameters<typeof guardAccess>[2] = () => undefined
  const access = guardAccess({ certSecret: 's', guard: 'https://127.0.0.1:1' }, cluster, () => held())
  t.equal(access?.trust(), undefined)
  held = () => pair
  t.equal(access?.trust(), undefined)
  held = () => ({ ...pair, authorities: 'ca' })
  t.strictSame(access?.trust(), { key: 'key', authorities: 'ca' })
})
