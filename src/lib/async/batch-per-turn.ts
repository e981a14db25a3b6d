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

/** Passes one item to `work` in each turn of the event loop, in the order of their arrival. */
export function onePerTurn<T>(work: (item: T) => void): (item: T) => void {
  const items: T[] = []
  const workOnFirst = (): void => {
    const [first] = items.splice(0, 1) as [T]
    // Before the work: it may fail.
    if (items.length > 0) setImmediate(workOnFirst)
    work(first)
  }
  return (item) => {
    if (items.push(item) === 1) setImmediate(workOnFirst)
  }
}
