/** A file to read, as found by the arguments. */
export interface InputFile {
  /** As people are shown it: relative to the working directory, `-` for standard input. */
  readonly path: string
  /** Named on the command line, not found in a folder or by a pattern: it has to hold Kubernetes objects. */
  readonly isNamed: boolean
  /** Bytes, when it was found; 0 where that is not known, as of a pipe. */
  readonly size: number
  /** Standard input, a pipe or a device: nothing can be written back. Inputs keep its text, so it can be read again. */
  readonly isOnce: boolean
  /** Where people look for what is wrong in it, where it is no file of theirs but made of one. */
  readonly origin?: string
}

/** What validate, mutate, audit and try ask of the file system. */
export interface Inputs {
  /** The files that the arguments name, in a stable order, and what could not be found or read. */
  find(paths: readonly string[]): FoundInputs
  /** The text of a file in pieces; throws with a message for people when it cannot be read. */
  chunks(file: InputFile): Iterable<string>
}

export interface FoundInputs {
  readonly files: readonly InputFile[]
  readonly problems: readonly InputProblem[]
  /** What was passed over, for people. */
  readonly notes: readonly string[]
}

export interface InputProblem {
  readonly path: string
  readonly message: string
}
