/** A value that is there, or will be. Nearly all are there, and a promise for each of very many costs more than the value. */
export type NowOrLater<T> = T | Promise<T>

/** What `next` makes of a value: at once where it is there. */
export function whenThere<T, R>(value: NowOrLater<T>, next: (value: T) => NowOrLater<R>): NowOrLater<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Takes one item after the other; without a promise as long as none has to be waited for. */
export function eachInTurn<T>(items: Iterator<T>, take: (item: T) => NowOrLater<void>): NowOrLater<void> {
  for (let next = items.next(); next.done !== true; next = items.next()) {
    const taken = take(next.value)
    if (taken instanceof Promise) return restInTurn(items, take, taken)
  }
}

async function restInTurn<T>(
  items: Iterator<T>,
  take: (item: T) => NowOrLater<void>,
  first: Promise<void>
): Promise<void> {
  await first
  for (let next = items.next(); next.done !== true; next = items.next()) await take(next.value)
}
