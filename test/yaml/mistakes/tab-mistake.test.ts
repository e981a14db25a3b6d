import t from 'tap'
import { readDocument } from '../../../src/yaml/read-document.ts'

/** Why a text is not read, and where; undefined: it is. test/corpus/odd-texts.ts has kubectl say the same of these and more. */
async function mistakeIn(text: string): Promise<string | undefined> {
  const [mistake] = (await readDocument({ text, line: 1 })).mistakes
  return mistake && `${mistake.at} ${mistake.message}`
}

const tab = 'a tab at the start of a line; YAML indents with spaces'

const refused: Readonly<Record<string, number>> = {
  'd: x\n\t\ne: 1\n': 5,
  'd: 1\n\t# x\ne: 2\n': 5,
  'd: 1\r\n\t\r\ne: 2\r\n': 6,
  'd: "x"\n  \t\ne: 1\n': 9,
  'd: [x]\n  \t\ne: 1\n': 9,
  'd: x # c\n  \t\ne: 1\n': 11,
  'd:\n  a: x\n  \t\n  b: y\n': 12,
  'd:\n- a: x\n  \t\n  b: y\n': 12,
  'd:\n- x\n\t\n- y\n': 7,
  'd:\n  \t\n  a: 1\n': 5,
  'd:\n-\ta\n': 4,
  'd: |\n  \tx\n  y\n': 7,
  '\t\nd: x\n': 0,
  'd: x\n\t\n': 5,
  '\t\n': 0,
  '\t# c\n': 0
}
for (const [text, at] of Object.entries(refused)) {
  void t.test(`refused: ${JSON.stringify(text)}`, async (t) => {
    t.equal(await mistakeIn(text), `${at} ${tab}`)
  })
}

const taken: readonly string[] = [
  'd: x\n  \t\ne: 1\n',
  'd: x\n  \ty\ne: 1\n',
  'd:\n  a: x\n   \t\n  b: y\n',
  'd:\n- x\n \t\n- y\n',
  'd: "x\n\ty"\ne: 1\n',
  "d: 'x\n\ty\n\t'\ne: 1\n",
  'd: [x,\n\ty]\n',
  'd: |\n  y\n  \tx\n',
  'd: |2\n  \tx\n  y\n',
  'd:\ta\n',
  'd: 1\t# c\n'
]
for (const text of taken) {
  void t.test(`taken: ${JSON.stringify(text)}`, async (t) => {
    t.equal(await mistakeIn(text), undefined)
  })
}

void t.test('beside an alias, which another parser reads', async (t) => {
  t.equal(await mistakeIn('a: &x 1\nb: *x\n\t\nc: 2\n'), `14 ${tab}`)
  t.equal(await mistakeIn('a: &x 1\nb: *x\nc: [\n\t2]\n'), undefined)
})
