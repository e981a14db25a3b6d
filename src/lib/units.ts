/** A count of tasks (threads): what the kernel counts against `pid_max` and `pids.max`. */
export type Pids = number
/** A span of time, or an instant since the epoch where the name says `At`. */
export type Millis = number
export type Bytes = number
