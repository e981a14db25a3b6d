/** Whether it worked. */
export function quietly(run: () => unknown): boolean {
  try {
    run()
    return true
  } catch {
    return false
  }
}
