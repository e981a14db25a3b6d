import type { ApiAnswer } from './api-client.ts'

/** What the API server makes up; an update that changes nothing else still counts as a generation. */
const madeUp = ['uid', 'creationTimestamp', 'managedFields', 'generation']
/** Labels and selectors of a Job hold the uid it was given, under the older name of that label or the newer one. */
const uidLabel = /(^|\/)controller-uid$/

/** An answer without what differs between any two dry runs of one object. */
export function comparable({ body }: ApiAnswer): object {
  return JSON.parse(JSON.stringify(body), (key, value) =>
    madeUp.includes(key) || uidLabel.test(key) ? undefined : value
  )
}
