/**
 * Collects what arrives in one turn of the event loop, and works on all of it at the end of that turn. Whoever has only
 * one waits for no other.
 */
export function atTurnEnd<T>(work: (items: readonly T[]) => void): (item: T) => void {
  let items: T[] = []
  const workOnAll = (): void => {
    const arrived = items
    items = []
    work(arrived)
  }
  return (item) => {
    if (items.push(item) === 1) setImmediate(workOnAll)
  }
}
