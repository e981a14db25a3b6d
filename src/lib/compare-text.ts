/** By UTF-16 unit: the same in every locale, which `localeCompare` is not. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
