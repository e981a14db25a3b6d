import t from 'tap'
import { readSlow } from '../../../src/yaml/go-yaml-reader.ts'
import { plainMistake } from '../../../src/yaml/mistakes/plain-mistake.ts'

const mistakes: Readonly<Record<string, string>> = {
  'a:\n\t- b\n': 'a line that is indented by a tab; expected spaces',
  'a:\n  - b: c\n    d e\n    f: []\n':
    'expected a key, a colon and a space; is a colon missing on this line, or the space behind it?',
  'a:v\nb: c\n': 'expected a key, a colon and a space; is a colon missing on this line, or the space behind it?',
  'a: "b\n': 'a text that begins with " above and does not end; expected "',
  "a: 'b\n": "a text that begins with ' above and does not end; expected '",
  'a:\n  - b: c\n     d: e\n':
    'a key within a value: the next line is indented too deep, or the value has a colon and needs quotes',
  'a: b: c\n': 'a key within a value: the next line is indented too deep, or the value has a colon and needs quotes',
  'a:\n  b: c\n d: e\n': 'a key that begins in another column than those above it',
  'a:\n  - b\n - c\n': 'an item of a list where a key was expected',
  'a:\n  b: c\n  - d\n': 'an item of a list where a key was expected',
  'a: {b: c\nd: {}\n': 'a key on a line of its own within brackets; is one not closed above?',
  'a: @b\n': 'a value that begins with @; expected quotes around it',
  'a: `b`\n': 'a value that begins with `; expected quotes around it',
  'a: %b\n': 'a value that begins with %; expected quotes around it',
  "a: 'it's'\n": 'text behind the end of a value; is a quote within it not doubled or escaped?',
  '%a: b\nc: d\n': 'a line that begins with % is a directive; expected a line --- after it',
  'a: *b\n': 'alias *b has no anchor before it in this document'
}

for (const [text, message] of Object.entries(mistakes)) {
  t.test(JSON.stringify(text), async (t) => t.equal(readSlow(text).mistakes[0]?.message, message))
}

t.test('whatever the parser finds by itself; what is not known stays as it says it', async (t) => {
  t.equal(plainMistake('Something new'), 'Something new')
  const column = 'All sequence items must start at the same column'
  t.equal(plainMistake(column), 'an item that begins in another column than those above it')
  t.equal(plainMistake('Maximum call stack size exceeded'), 'nested too deep')
})
