import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadCompiled, writeCompiled } from '../../src/host/compiled-file.ts'

const source = `"use strict";
const { basename } = require('node:path')
exports.answer = () => 'one of ' + basename(__filename) + ' in ' + basename(__dirname)
`

interface Loaded {
  answer(): string
}

function fileIn(t: Test, text = source): string {
  return join(t.testdir({ folder: { 'program.cjs': text } }), 'folder/program.cjs')
}

async function keep(file: string): Promise<string> {
  await writeCompiled(file, async (loaded) => {
    ;(loaded as Loaded).answer()
  })
  return `${file}.${process.version}-${process.arch}.compiled`
}

void t.test('a file is loaded as require does, with compiled code and without', async (t) => {
  const file = fileIn(t)
  t.equal((loadCompiled(file) as Loaded).answer(), 'one of program.cjs in folder')
  t.ok(existsSync(await keep(file)))
  t.equal((loadCompiled(file) as Loaded).answer(), 'one of program.cjs in folder')
})

void t.test('the compiled code is what runs, with the functions that were called', async (t) => {
  const file = fileIn(t)
  await keep(file)
  // V8 looks at the length of the source alone, so this shows which of the two it takes.
  writeFileSync(file, source.replace('one of', 'two of'))
  t.equal((loadCompiled(file) as Loaded).answer(), 'one of program.cjs in folder')
})

void t.test('compiled code of another source is refused', async (t) => {
  const file = fileIn(t)
  await keep(file)
  writeFileSync(file, source.replace('one of', 'one more of'))
  t.equal((loadCompiled(file) as Loaded).answer(), 'one more of program.cjs in folder')
})

void t.test('compiled code that is cut or of another kind is refused', async (t) => {
  const file = fileIn(t)
  const kept = await keep(file)
  const code = readFileSync(kept)
  for (const bytes of [code.subarray(0, 16), code.subarray(0, code.length - 8), Buffer.alloc(0), Buffer.alloc(1_000)]) {
    writeFileSync(kept, bytes)
    t.equal((loadCompiled(file) as Loaded).answer(), 'one of program.cjs in folder', `${bytes.length} bytes`)
  }
})

void t.test('compiled code of another Node is not looked at', async (t) => {
  const file = fileIn(t)
  const kept = await keep(file)
  writeFileSync(kept.replace(process.version, 'v1.0.0'), readFileSync(kept))
  t.strictSame(readdirSync(join(file, '..')).length, 3)
  writeFileSync(kept, Buffer.alloc(0))
  writeFileSync(file, source.replace('one of', 'two of'))
  t.equal((loadCompiled(file) as Loaded).answer(), 'two of program.cjs in folder')
})
