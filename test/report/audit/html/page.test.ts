import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { AuditReport } from '../../../../src/report/audit/audit-report.ts'
import { renderAuditHtml } from '../../../../src/report/audit/html/page.ts'
import { script } from '../../../../src/report/audit/html/script.generated.ts'
import { style } from '../../../../src/report/audit/html/style.ts'
import { cleanAudit, fullAudit } from '../../../support/audits.ts'
import { hostileText } from '../../../support/hostile.ts'
import { largeAudit } from '../../../support/large-audit.ts'

const megabytes = 1_000_000

/** Elements and their attributes without values, in their order; throws where there is a `<` that is none of them. */
function structureOf(page: string): string[] {
  const bare = page.replace(`<style>${style}</style>`, '<style></style>').replace(script, '')
  const tag = /<(\/?[a-z][a-z0-9]*|!DOCTYPE)((?:\s+[a-zA-Z][\w-]*(?:="[^"<>]*")?)*)\s*\/?>/g
  const rest = bare.replace(tag, '')
  if (/[<>]/.test(rest)) throw new Error(`a < or > stands free: ${/.{0,40}[<>].{0,40}/s.exec(rest)?.[0]}`)
  return [...bare.matchAll(tag)].map(([, name, attributes]) => `${name} ${attributes?.replace(/="[^"]*"/g, '=') ?? ''}`)
}

/** The report with a text of one's own wherever a cluster, a file or a person puts one. */
function withText(report: AuditReport, text: string): AuditReport {
  const free = [
    'name',
    'namespace',
    'kind',
    'detail',
    'reason',
    'message',
    'pointer',
    'node',
    'part',
    'policy',
    'eviction'
  ]
  return JSON.parse(JSON.stringify(report), (key, value) =>
    typeof value === 'string' && free.includes(key) ? text : value
  ) as AuditReport
}

void t.test('no text of a cluster becomes markup, wherever it stands', async () => {
  const report = fullAudit()
  const plain = structureOf(renderAuditHtml(withText(report, 'x')))
  fc.assert(
    fc.property(hostileText, (text) => {
      const found = structureOf(renderAuditHtml(withText(report, `x${text}`)))
      return found.join('\n') === plain.join('\n')
    }),
    { numRuns: 60 }
  )
})

void t.test('the page asks for nothing outside of itself', async (t) => {
  for (const report of [fullAudit(), cleanAudit(), largeAudit({ nodes: 60, namespaces: 40, workloads: 200 })]) {
    const page = renderAuditHtml(report)
    const tags =
      page
        .replace(script, '')
        .match(/<[a-z!][^>]*>/g)
        ?.join('\n') ?? ''
    t.notMatch(tags, /\s(src|srcset|action|style|on\w+|xlink:href|data|poster)=/)
    t.notMatch(tags, /<(link|img|iframe|object|embed|base|form|audio|video|image|use)\b/)
    for (const [, address] of tags.matchAll(/\shref="([^"]*)"/g)) t.match(address, /^#/)
    t.notMatch(style, /url\(|@import|image-set|https?:/)
    t.notMatch(script, /\b(fetch|XMLHttpRequest|import|WebSocket|sendBeacon|innerHTML|eval|Function)\b|https?:/)
  }
})

void t.test('its security policy allows its own script and style, and nothing else', async (t) => {
  const page = renderAuditHtml(fullAudit())
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const inner = (name: string) => new RegExp(`<${name}(?: type="module")?>([\\s\\S]*?)</${name}>`).exec(page)?.[1] ?? ''
  t.match(
    page,
    `content="default-src 'none'; script-src ${hash(inner('script'))}; style-src ${hash(inner('style'))}; base-uri 'none'; form-action 'none'"`.replaceAll(
      '&',
      '&amp;'
    )
  )
  t.equal(page.match(/<script(?! type="application\/json")/g)?.length, 1)
})

void t.test('the largest cluster fits 5 MB, and what is left out is told', async (t) => {
  const scale = { nodes: 5000, namespaces: 10_000, workloads: 40_000 }
  const page = renderAuditHtml(largeAudit(scale))
  t.ok(Buffer.byteLength(page) <= 5 * megabytes, String(Buffer.byteLength(page)))
  t.match(
    page,
    /This page holds [\d,]+ of 55,000 findings, at most \d+ of each rule: and [\d,]+ more, see the JSON report/
  )
  t.notMatch(page, /This page holds [\d,]+ of 5,000 nodes/, 'every node is in')
  const longNames = renderAuditHtml(largeAudit({ ...scale, padding: '-x'.repeat(95) }))
  t.ok(Buffer.byteLength(longNames) <= 5 * megabytes, String(Buffer.byteLength(longNames)))
})

void t.test('the same report makes the same page', async (t) => {
  t.equal(renderAuditHtml(fullAudit()), renderAuditHtml(fullAudit()))
})

void t.test('what to do comes first, with the remedy of its rule and the worst object', async (t) => {
  const page = renderAuditHtml(fullAudit())
  const first = page.slice(page.indexOf('<ol class="actions">'), page.indexOf('</ol>'))
  t.match(first, /^<ol[^<]*<li><h3>What to do about Thread outliers\.<\/h3>/)
  t.match(first, 'holds 502 of 1500 PIDs of kubepods on node-a (33%)')
  t.ok(page.indexOf('id="first"') < page.indexOf('id="since"'))
})

void t.test('a rule whose words are not in the report is named by its id', async (t) => {
  t.match(renderAuditHtml({ ...fullAudit(), rules: [] }), '<h3>pod-thread-outlier</h3>')
})

void t.test('what is not known is said, and never drawn as 0', async (t) => {
  const report = fullAudit()
  const page = renderAuditHtml({ ...report, nodes: report.nodes.slice(2), pods: [] })
  t.match(page, '<span class="t-unknown">unknown</span></dd>')
  t.equal(page.match(/<rect class="f-none"/g)?.length, 2, 'both ceilings')
  t.match(page, 'unknown</bdi>')
})

void t.test('before and after: fixed findings, and nodes that can be compared', async (t) => {
  const page = renderAuditHtml(fullAudit())
  t.match(page, '3 new findings, 1 fixed, 1 unchanged, and 1 unknown, because')
  t.match(page, '<span class="value">14%</span>')
  t.match(page, '2 nodes new.')
  t.notMatch(renderAuditHtml({ ...fullAudit(), since: null }), 'id="since"')
})

void t.test('of many nodes the fullest are drawn, and all are counted by how full they are', async (t) => {
  const { nodes, ...report } = largeAudit({ nodes: 25, namespaces: 4, workloads: 4 })
  const pageOf = (count: number) => renderAuditHtml({ ...report, nodes: nodes.slice(0, count), since: null })
  t.notMatch(pageOf(24), 'Nodes by how full they are')
  const page = pageOf(25)
  t.match(page, 'PIDs of the 24 fullest nodes against both ceilings')
  t.match(page, 'and 1 more node, in the table below.')
  t.match(page, 'Not known: 1 of 25 nodes. Without a limit: 1.')
})

void t.test('what is called the fullest ceiling is the one the share is of', async (t) => {
  const [node, ...others] = fullAudit().nodes
  if (node === undefined) throw new Error('expected a node')
  const tight = {
    host: { limit: 36_000, inUse: 29_000 },
    kubepods: { limit: 12_000, inUse: 8_000 },
    used: 29_000 / 36_000
  }
  const page = renderAuditHtml({ ...fullAudit(), nodes: [{ ...node, ...tight, tightest: 'kubepods' }, ...others] })
  t.match(page, '<bdi>node-a</bdi>: 29,000 of 36,000 (80%), node ceiling')
  t.match(
    page,
    'data-label="Fullest ceiling"><bdi>80%</bdi></td><td role="cell" class="c-text" data-label="Which one"><bdi>node<'
  )
  t.match(page, 'kubepods <span class="tightest">(least free)</span>')
})
