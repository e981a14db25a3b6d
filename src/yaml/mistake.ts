/** What is wrong with a document, and where in its text. */
export interface Mistake {
  readonly message: string
  readonly at: number
  /** kubectl accepts it, other tools refuse it. */
  readonly isReadable: boolean
}

/** A key of a mapping that has the same key before. */
export function repeated(key: string, at: number): Mistake {
  const message = `key ${JSON.stringify(key)} is there twice; kubectl takes the last, Kustomize and Flux refuse the file`
  return { message, at, isReadable: true }
}
