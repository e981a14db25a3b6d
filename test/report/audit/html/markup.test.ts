import fc from 'fast-check'
import t from 'tap'
import { dataBlock, html, prose, visible } from '../../../../src/report/audit/html/markup.ts'
import { hostileText } from '../../../support/hostile.ts'

const entity = /&(?:amp|lt|gt|quot|#39);/g
const characters: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'"
}

/** What a browser makes of escaped text. */
function read(text: string): string {
  return text.replace(entity, (one) => characters[one] as string)
}

void t.test('whatever is put into markup stays text, in elements and in attributes', async () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const inner = /^<p title="(.*)">(.*)<\/p>$/s.exec(html`<p title="${text}">${text}</p>`.text)
      if (inner === null) return false
      const [, attribute = '', content = ''] = inner
      const isEscaped = !/[<>"'&]/.test(content.replace(entity, ''))
      return attribute === content && isEscaped && read(content) === visible(text)
    })
  )
})

void t.test('nothing that hides, or turns the direction of writing, reaches the page', async (t) => {
  fc.assert(fc.property(hostileText, (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(visible(text))))
  t.equal(visible('a\u202Eb\u200B\u0000\uD800'), 'a[U+202E]b[U+200B][U+0000][U+D800]')
  t.equal(visible('a\r\n\tb'), 'a b')
})

void t.test('a text longer than anybody reads is cut in the middle, one that fits is not', async (t) => {
  t.equal(visible('x'.repeat(400)), 'x'.repeat(400))
  const long = visible(`a${'x'.repeat(399)}b`)
  t.equal(long.length, 400)
  t.match(long, /^ax+…x+b$/)
  t.equal(visible('\u202E'.repeat(1000)).length, 400, 'also when it grows')
})

void t.test('data comes back as it was, and holds no markup', async () => {
  fc.assert(
    fc.property(fc.array(hostileText), (value) => {
      const inner = /^<script type="application\/json" id="x">(.*)<\/script>$/s.exec(dataBlock('x', value).text)
      const [, json = ''] = inner ?? []
      return !/[<>&\u2028\u2029]/.test(json) && JSON.stringify(JSON.parse(json)) === JSON.stringify(value)
    })
  )
})

void t.test('children: markup as it is, lists one after the other, undefined is nothing', async (t) => {
  t.equal(html`<i>${[html`<b>${1}</b>`, '<', undefined]}${undefined}</i>`.text, '<i><b>1</b>&lt;</i>')
  t.equal(html`a\n${'$&'}`.text, 'a\n$&amp;', 'nothing in a text is a pattern')
})

void t.test('backticks of a rule are code, and still text', async (t) => {
  t.equal(prose('run `a <b>` & see').text, 'run <code>a &lt;b&gt;</code> &amp; see')
})
