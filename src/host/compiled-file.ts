import type { Script } from 'node:vm'

// Asked for and not imported: for an import, Node reads every name that a module exports, and those of node:fs load all of its
// streams (3 ms of the 50 of a small check, measured as below).
const builtin = process.getBuiltinModule

/**
 * Loads a CommonJS file. Where the build has left compiled code beside it (`writeCompiled`), V8 takes that and compiles nothing:
 * a check of one small file costs 1.2 times a program with js-yaml instead of 1.6, and so already in its first run, as every
 * run in a CI container is. Node's own cache begins with the second and reads each function of it with more work (measured:
 * medians of 25 rounds in turns, user and system time).
 */
export function loadCompiled(file: string): unknown {
  const { existsSync, readFileSync } = builtin('node:fs')
  const kept = compiledPath(file)
  if (existsSync(kept)) {
    const script = scriptOf(file, readFileSync(kept))
    // V8 refuses what was compiled with other flags.
    if (script.cachedDataRejected === false) return run(script, file)
  }
  const { createRequire, enableCompileCache } = builtin('node:module')
  enableCompileCache()
  return createRequire(file)(file)
}

/** Leaves the compiled code of a file beside it, with all functions that `use` calls: others are compiled when they are called. */
export async function writeCompiled(file: string, use: (loaded: unknown) => Promise<void>): Promise<void> {
  const script = scriptOf(file)
  await use(run(script, file))
  builtin('node:fs').writeFileSync(compiledPath(file), script.createCachedData())
}

/** V8 takes compiled code of its own build alone, and of the kind of processor. It looks at the length of the source, not at the text. */
function compiledPath(file: string): string {
  return `${file}.${process.version}-${process.arch}.compiled`
}

function scriptOf(filename: string, cachedData?: Buffer): Script {
  const source = builtin('node:fs').readFileSync(filename, 'utf8')
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`
  return new (builtin('node:vm').Script)(wrapped, {
    filename,
    ...(cachedData === undefined ? undefined : { cachedData })
  })
}

/** Runs a file as `require` does. */
function run(script: Script, file: string): unknown {
  const module = { exports: {} }
  script.runInThisContext()(
    module.exports,
    builtin('node:module').createRequire(file),
    module,
    file,
    builtin('node:path').dirname(file)
  )
  return module.exports
}
