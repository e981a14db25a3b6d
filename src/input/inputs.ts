/** A file to read, as found by the arguments. */
export interface InputFile {
  /** As people are shown it: relative to where they stand, `-` for standard input. */
  readonly path: string
  /** Named on the command line, not found in a folder or by a pattern: then it has to hold Kubernetes objects. */
  readonly isNamed: boolean
  /** Bytes, when it was found; 0 where that is not known, as of a pipe. */
  readonly size: number
}

/** What validate and mutate ask of the file system. */
export interface Inputs {
  /** The files that the arguments stand for, in a stable order; and what could not be found or read. */
  find(paths: readonly string[]): { readonly files: readonly InputFile[]; readonly problems: readonly InputProblem[] }
  /** The text of a file in pieces; throws with a message for people when it cannot be read. */
  chunks(file: InputFile): Iterable<string>
}

export interface InputProblem {
  readonly path: string
  readonly message: string
}
