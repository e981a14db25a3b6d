import t from 'tap'
import { bars } from '../../../../src/report/audit/html/bar-chart.ts'

function rectsOf(text: string): string[] {
  return [...text.matchAll(/<rect class="f-(\w+)"[^>]*?(?: x="([\d.]+%)")?[^>]*? width="([\d.]+%?)"/g)].map((match) =>
    match.slice(1).join(' ')
  )
}

function drawn(segments: { share: number; look: string }[] | undefined, mark?: number): string[] {
  return rectsOf(bars([{ label: 'x', bars: [{ value: '1', segments, mark }] }]).text)
}

void t.test('segments stand side by side, and end at the end of the bar', async (t) => {
  t.strictSame(
    drawn([
      { share: 0.5, look: 'use' },
      { share: 0.8, look: 'promised' }
    ]),
    ['track  100%', 'use 0% 50%', 'promised 50% 50%']
  )
})

void t.test('nothing is not drawn, a little can be seen', async (t) => {
  t.strictSame(drawn([{ share: 0, look: 'use' }]), ['track  100%'])
  t.strictSame(drawn([{ share: 0.0001, look: 'use' }]), ['track  100%', 'use 0% 0.6%'])
})

void t.test('what is not known is an empty frame, not a bar of 0', async (t) => {
  t.strictSame(drawn(undefined), ['none  99.5%'])
})

void t.test('the line is where it is said', async (t) => {
  t.match(drawn([], 0.9)[1], /^mark 90% 2/)
})

void t.test('a bar alone is named by its label', async (t) => {
  const alone = bars([{ label: 'only', bars: [{ value: '1', segments: [] }] }]).text
  t.match(alone, '<span class="label">only</span>')
  const both = bars([{ label: 'two', bars: [{ name: 'a', value: '1', segments: [] }] }]).text
  t.match(both, /<div class="label">two<\/div>.*<span class="name">a<\/span>/s)
})
