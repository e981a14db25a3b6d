import t from 'tap'
import { nearest } from '../../src/lib/did-you-mean.ts'

const known = ['best-effort', 'pid-headroom', 'pid-binding', 'cpu']

const cases = [
  { word: 'best-efort', want: 'best-effort' },
  { word: 'Best-Effort', want: 'best-effort' },
  { word: 'bestEffort', want: 'best-effort' },
  { word: 'pid-haedroom', want: 'pid-headroom' },
  { word: 'cup', want: 'cpu' },
  { word: 'xyz', want: undefined },
  { word: 'nothing-like-it', want: undefined },
  { word: '', want: undefined },
  { word: 'best-effort'.repeat(100_000), want: undefined }
]
for (const { word, want } of cases) t.equal(nearest(word, known), want, word.slice(0, 20))
