import t from 'tap'
import { staleFiles } from '../support/generated.ts'

t.test('generated files are what the code makes today; npm run docs writes them', async (t) => {
  t.strictSame(await staleFiles(), [])
})
