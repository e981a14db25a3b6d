/** Words that are out in what a user reads, each with the better one. `told` is out in every sense: a reader cannot know which. */
const wordsOut: Readonly<Record<string, string>> = {
  'mend|mends|mended|mending': 'fix',
  'heed|heeds|heeded|unheeded': 'ignored, or followed',
  anew: 'again',
  told: 'reported, known, or said',
  judged: 'checked',
  whoever: 'who, or those that',
  whatever: 'all that, or also when',
  'somebody|someone else': 'a person, or another',
  nobody: 'no one, or what does not'
}

const out = new RegExp(`\\b(${Object.keys(wordsOut).join('|')})\\b`, 'gi')

/** Each word of a text that is out, with a little of what is around it. */
export function wordsOutOf(text: string): string[] {
  return [...text.matchAll(out)].map(({ index }) =>
    text
      .slice(Math.max(0, index - 30), index + 30)
      .replace(/\s+/g, ' ')
      .trim()
  )
}

/** Comments, strings and templates, regular expressions: whichever begins first, up to its end. */
const pieces =
  /\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*(?=[\s,;.)\]}])/g

/** What code holds as text: its string literals without names of modules, and templates without what is put into them. */
export function textsOf(code: string): string[] {
  return [...code.matchAll(pieces)]
    .map(([piece]) => piece)
    .filter((piece) => /^["'`]/.test(piece) && !/^'\.{1,2}\//.test(piece))
    .map((piece) => (piece.startsWith('`') ? piece.replace(/\$\{[^{}]*\}/g, '…') : piece))
}
