import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** A wait is in vain after so many milliseconds, and so many looks: on a busy machine a look lasts longer. */
const patience = { span: 25_000, looks: 1_000 }

/** Waits until it holds. Fails with what was waited for, and with what `saw` says is there instead. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  saw: () => unknown = () => 'nothing that it could show'
): Promise<void> {
  const end = performance.now() + patience.span
  for (let looks = 0; looks < patience.looks || performance.now() < end; looks++) {
    if (await holds()) return
    await sleep(5)
  }
  throw new Error(`waited in vain until ${what}; saw ${inspect(saw(), { depth: 4, breakLength: 120 })}`)
}

/** The same for a condition whose own text says what is waited for. */
export function untilHolds(holds: () => boolean | Promise<boolean>, saw?: () => unknown): Promise<void> {
  return until(String(holds).replace(/^(async )?\(\) => /, ''), holds, saw)
}
