import t from 'tap'
import { CertificateFollower } from '../../src/certs/certificate-follower.ts'
import type { CertificateState } from '../../src/certs/certificate-reader.ts'
import type { CertificatePair } from '../../src/certs/serving-pair.ts'
import { memoryLog, until } from '../support/fake-api.ts'
import { afterTimersOf } from '../support/until.ts'

const lacking = 'caBundle of the webhook configurations lacks the authority of the certificate'
const waiting = 'the Secret is not there yet'

function pair(name: string): CertificatePair {
  return { cert: name, key: `key of ${name}`, expiresAt: 0 }
}

/** A follower over looks that a test chooses one by one, and everything that came of them. */
function follow() {
  const log = memoryLog()
  const said: string[] = []
  const state: { next: CertificateState | Error; refused: string | undefined; looks: number } = {
    next: { pair: undefined, obstacle: waiting },
    refused: undefined,
    looks: 0
  }
  const follower = new CertificateFollower(
    {
      async look() {
        state.looks++
        if (state.next instanceof Error) throw state.next
        return state.next
      },
      log,
      eager: 1,
      calm: 60_000
    },
    {
      changed({ cert }) {
        if (state.refused === cert) throw new Error(`${cert} does not fit`)
        said.push(`changed to ${cert}`)
      },
      broken: (error) => said.push(`broken: ${(error as Error).message}`)
    }
  )
  let first: string | undefined
  void follower.first.then(({ cert }) => {
    first = cert
  })
  return {
    follower,
    state,
    log,
    first: () => first,
    /** One look, and what was said of it. */
    async look(next: CertificateState | Error): Promise<string[]> {
      state.next = next
      await follower.look()
      return said.splice(0)
    }
  }
}

void t.test('waiting, blocked, open: each says what is in the way, and open is final', async (t) => {
  const { follower, look, first, log } = follow()
  t.equal(follower.obstacle, 'the cluster has not been asked yet')
  t.strictSame(await look({ pair: undefined, obstacle: waiting }), [])
  t.equal(follower.obstacle, waiting)
  t.equal(first(), undefined)
  t.strictSame(await look({ pair: pair('a'), obstacle: lacking }), [], 'the first pair is what `first` gives')
  t.equal(first(), 'a')
  t.equal(follower.obstacle, lacking)
  t.strictSame(await look({ pair: pair('a'), obstacle: undefined }), [])
  t.equal(follower.obstacle, undefined)
  await look({ pair: pair('a'), obstacle: lacking })
  t.equal(follower.obstacle, undefined, 'a replica that was called once is not taken out for what breaks all of them')
  t.equal(log.lines.length, 2, 'but the log says so, each time it begins')
})

void t.test('an obstacle is logged when it changes, not at every look', async (t) => {
  const { look, log } = follow()
  const expired = 'the serving certificate has expired'
  for (const obstacle of [lacking, lacking, expired, expired, undefined, undefined, lacking]) {
    await look({ pair: pair('a'), obstacle })
  }
  t.strictSame(
    log.lines.map(({ fields }) => fields['obstacle']),
    [lacking, expired, lacking]
  )
})

void t.test('each new pair is reported once; one that is refused stays news', async (t) => {
  const { look, state } = follow()
  await look({ pair: pair('a'), obstacle: undefined })
  t.strictSame(await look({ pair: pair('a'), obstacle: undefined }), [])
  t.strictSame(await look({ pair: pair('b'), obstacle: undefined }), ['changed to b'])
  t.strictSame(await look({ pair: pair('b'), obstacle: undefined }), [])
  state.refused = 'c'
  t.strictSame(await look({ pair: pair('c'), obstacle: undefined }), ['broken: c does not fit'])
  t.strictSame(await look({ pair: pair('c'), obstacle: undefined }), [], 'the same failure again')
  state.refused = undefined
  t.strictSame(await look({ pair: pair('c'), obstacle: undefined }), ['changed to c'])
})

void t.test('failures in a row are reported once, also before there is any pair', async (t) => {
  const { look, follower } = follow()
  t.strictSame(await look(new Error('one')), ['broken: one'])
  t.strictSame(await look(new Error('two')), [])
  t.equal(follower.obstacle, 'the cluster has not been asked yet')
  t.strictSame(await look({ pair: undefined, obstacle: waiting }), [])
  t.strictSame(await look(new Error('three')), ['broken: three'])
})

void t.test('it looks often until the API server can call us, and ends with the signal', async (t) => {
  const { follower, state } = follow()
  const abort = new AbortController()
  const running = follower.run(abort.signal)
  await until(
    'several looks',
    () => state.looks > 3,
    () => state.looks
  )
  state.next = { pair: pair('a'), obstacle: undefined }
  await until(
    'it is open',
    () => follower.obstacle === undefined,
    () => follower.obstacle
  )
  const { looks } = state
  await afterTimersOf(30)
  t.equal(state.looks, looks, 'the next look is a minute away')
  abort.abort()
  await running
})
