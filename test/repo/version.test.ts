import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { version } from '../../src/host/version.ts'
import { projectFolder } from '../support/sources.ts'

void t.test('the version the program says is the one in package.json', async (t) => {
  const { version: inPackage } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'))
  t.equal(version, inPackage)
})
