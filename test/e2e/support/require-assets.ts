// Run before the end-to-end tests: says what is missing in one message, where each test file would fail on its own.
import { findAssets } from './assets.ts'

const found = findAssets(process.env)
if ('missing' in found) {
  console.error(found.missing)
  process.exitCode = 2
}
