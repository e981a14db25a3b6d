import type { InputFacts } from '../engine/input-facts.ts'
import type { InputFile, Inputs } from '../input/inputs.ts'
import { type InputObject, readObjects } from '../input/read-objects.ts'

/**
 * A document that says something of others, as nearly everybody writes it. One that is written otherwise, with an escape or a
 * tag in its kind, is found when it is checked.
 */
const factKind = /kind["']?\s*:\s*["']?(?:Namespace|LimitRange|PodGroup|FelixConfiguration|DaemonSet)/

/** By file and line: the documents whose facts are known. */
export type KnownDocuments = ReadonlySet<string>

export function documentOf({ file, line }: Pick<InputObject, 'file' | 'line'>): string {
  return `${line} ${file}`
}

/** Takes the facts of all inputs, so that each object is checked with all of them, wherever they stand. */
export async function readFacts(
  files: readonly InputFile[],
  inputs: Inputs,
  facts: InputFacts
): Promise<KnownDocuments> {
  const known = new Set<string>()
  for (const file of files) {
    if (!mayHoldFacts(file, inputs)) continue
    await readObjects(file, inputs, {
      object: async (input) => {
        known.add(documentOf(input))
        facts.add(input.object)
      },
      problem: () => {},
      wants: (text) => factKind.test(text)
    })
  }
  return known
}

/** Most files hold none: they are searched as a whole and not taken apart. What cannot be read is reported later. */
function mayHoldFacts(file: InputFile, inputs: Inputs): boolean {
  let rest = ''
  try {
    for (const chunk of inputs.chunks(file)) {
      if (factKind.test(rest + chunk)) return true
      rest = chunk.slice(-longest)
    }
  } catch {
    return false
  }
  return false
}

/** Characters that a kind may be cut in between two pieces of a file; more spaces than anybody writes. */
const longest = 100
