/** What is wrong with a document, and where in its text. */
export interface Mistake {
  readonly message: string
  readonly at: number
  /** kubectl accepts it, other tools refuse it. */
  readonly isReadable: boolean
}

/** A key of a mapping that has the same key before. */
export function repeated(key: string, at: number): Mistake {
  const message = `key ${JSON.stringify(key)} is there twice; kubectl takes the last, Kustomize and Flux refuse the file`
  return { message, at, isReadable: true }
}

/** What YAML does not allow, in comments neither (go-yaml readerc.go); js-yaml looks at values alone. First and last. */
const controls: readonly (readonly [number, number])[] = [
  [0x00, 0x08],
  [0x0b, 0x0c],
  [0x0e, 0x1f],
  [0x7f, 0x84],
  [0x86, 0x9f],
  [0xfffe, 0xffff]
]
const control = new RegExp(
  `[${controls.map((range) => range.map((code) => `\\u${code.toString(16).padStart(4, '0')}`).join('-')).join('')}]`
)

/** The first of those characters, as a mistake; undefined where there is none. */
export function controlCharacterIn(text: string): Mistake | undefined {
  const at = text.search(control)
  if (at < 0) return undefined
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')
  return { message: `control characters are not allowed, found U+${code}`, at, isReadable: false }
}
