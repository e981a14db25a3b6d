/** What ends the help of a verb: what to type, and what its exit codes mean. */
export function helpEnd(examples: readonly string[], codes: Readonly<Record<number, string>>): string {
  const meanings = Object.entries(codes).map(([code, meaning]) => `  ${code}  ${meaning}`)
  return `\nExamples:\n${examples.map((each) => `  ${each}`).join('\n')}\n\nExit codes:\n${meanings.join('\n')}`
}
