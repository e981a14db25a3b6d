/** The words of the parser, and what they are for a person: what was found, and what was expected. Its codes stand for several mistakes each. */
const words: readonly (readonly [RegExp, string])[] = [
  [/call stack/, 'nested too deep'],
  [/^Tabs are not allowed/, 'a line that is indented by a tab; expected spaces'],
  [
    /^Implicit keys need to be on a single line|^Implicit map keys need to be followed by map values/,
    'expected a key, a colon and a space; is a colon missing on this line, or the space behind it?'
  ],
  [
    /^Nested mappings are not allowed in compact mappings/,
    'a key within a value: the next line is indented too deep, or the value has a colon and needs quotes'
  ],
  [/^A block sequence may not be used as an implicit map key/, 'an item of a list where a key was expected'],
  [/^All mapping items must start at the same column/, 'a key that begins in another column than those above it'],
  [/^All sequence items must start at the same column/, 'an item that begins in another column than those above it'],
  [
    /^Block collections are not allowed within flow/,
    'a key on a line of its own within brackets; is one not closed above?'
  ],
  [/^Missing closing (["'])quote/, 'a text that begins with $1 above and does not end; expected $1'],
  [/^Plain value cannot start with .* (\S)$/, 'a value that begins with $1; expected quotes around it'],
  [/^Unexpected scalar at node end/, 'text behind the end of a value; is a quote within it not doubled or escaped?'],
  [/^Missing directives-end/, 'a line that begins with % is a directive; expected a line --- after it']
]

/** What a message of the parser `yaml` is in plain words; itself where it is not known. */
export function plainMistake(message: string): string {
  for (const [pattern, plain] of words) {
    const found = pattern.exec(message)
    if (found !== null) return plain.replaceAll('$1', found[1] ?? '')
  }
  return message
}
