/**
 * Collects the items of one turn of the event loop and passes them to `work` together at the end of that turn. An item
 * that arrives alone waits for no other.
 */
export function batchPerTurn<T>(work: (items: readonly T[]) => void): (item: T) => void {
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
