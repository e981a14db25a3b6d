import { isRecord, recordsOf } from '../lib/json/shape.ts'
import type { Container, EnvVar } from './types.ts'

/** Language runtimes whose thread pools can be capped from outside the program. */
export const runtimes = ['dotnet', 'jvm', 'nodejs', 'python'] as const
export type Runtime = (typeof runtimes)[number]

export interface Knob {
  /** Environment variables any of which caps the pool. */
  readonly variables: readonly string[]
  /** Text in an environment variable or the command line that caps it as well. */
  readonly options: readonly string[]
  /** Advice for users. */
  readonly advice: string
  /** The variable pidguard would set for a cap of so many threads; undefined where no variable takes a count. */
  readonly cap: ((threads: number) => EnvVar) | undefined
  /** The largest cap that the runtime accepts; undefined where it has none. */
  readonly most: number | undefined
}

/** .NET reads these variables as hexadecimal and ignores what is above (PortableThreadPool.cs: short.MaxValue). */
const maxDotnetThreads = 0x7fff

/** Sources: .NET AppContextConfigHelper and PortableThreadPool.cs; libuv threadpool.c; OpenMP 5.2 §21.1.2; java(1). */
export const knobs: Readonly<Record<Runtime, Knob>> = {
  dotnet: {
    variables: ['DOTNET_ThreadPool_ForceMaxWorkerThreads', 'COMPlus_ThreadPool_ForceMaxWorkerThreads'],
    options: [],
    advice:
      'DOTNET_ThreadPool_ForceMaxWorkerThreads (hexadecimal), or System.Threading.ThreadPool.MaxThreads in runtimeconfig.json (decimal)',
    cap: (threads) => ({ name: 'DOTNET_ThreadPool_ForceMaxWorkerThreads', value: threads.toString(16).toUpperCase() }),
    most: maxDotnetThreads
  },
  jvm: {
    variables: ['SERVER_TOMCAT_THREADS_MAX'],
    options: [
      '-XX:ActiveProcessorCount',
      '-Dserver.tomcat.threads.max',
      '--server.tomcat.threads.max',
      '-Djava.util.concurrent.ForkJoinPool.common.parallelism'
    ],
    advice: 'server.tomcat.threads.max or -XX:ActiveProcessorCount',
    cap: undefined,
    most: undefined
  },
  nodejs: {
    variables: ['UV_THREADPOOL_SIZE'],
    options: [],
    advice: 'UV_THREADPOOL_SIZE',
    cap: (threads) => ({ name: 'UV_THREADPOOL_SIZE', value: String(threads) }),
    // libuv threadpool.c MAX_THREADPOOL_SIZE
    most: 1024
  },
  python: {
    variables: ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'],
    options: [],
    advice: 'OMP_NUM_THREADS, OPENBLAS_NUM_THREADS or MKL_NUM_THREADS',
    cap: (threads) => ({ name: 'OMP_NUM_THREADS', value: String(threads) }),
    most: undefined
  }
}

export function adviceFor(runtime: Runtime): string {
  return knobs[runtime].advice
}

/** The variable that caps the runtime at so many threads, where there is one. */
export function capFor(runtime: Runtime, threads: number): EnvVar | undefined {
  return knobs[runtime].cap?.(threads)
}

/** The largest cap that the runtime accepts; undefined where it has none. */
export function mostThreadsOf(runtime: Runtime): number | undefined {
  return knobs[runtime].most
}

/** Whether the container caps its runtime's threads by a variable or an option. The value is not checked. */
export function hasThreadCap(runtime: Runtime, container: Container): boolean {
  const { variables, options } = knobs[runtime]
  const env = entriesOf(container)
  if (env.some((entry) => variables.includes(entry.name))) return true
  if (options.length === 0) return false
  const texts = [container.command, container.args, env.map(({ value }) => value)]
    .filter((list) => Array.isArray(list))
    .flat()
  return texts.some((text) => typeof text === 'string' && options.some((option) => text.includes(option)))
}

/** Those that are objects: the shape of `env` is not checked where a dump is read. */
function entriesOf({ env }: Container): readonly EnvVar[] {
  return recordsOf(env) as readonly object[] as readonly EnvVar[]
}

/**
 * The cap .NET takes from the container's environment; undefined when none is set, or from a source not known here.
 * `threads` is undefined when .NET ignores the text. The DOTNET_ spelling beats the COMPlus_ one in any order,
 * and of two entries with one name Kubernetes keeps the last (AppContextConfigHelper GetInt16ComPlusOrDotNetConfig).
 */
export function dotnetCapOf(container: Container): { text: string; threads: number | undefined } | undefined {
  const env = entriesOf(container)
  const entry = knobs.dotnet.variables
    .map((name) => env.findLast((candidate) => candidate.name === name))
    .find((candidate) => candidate !== undefined)
  if (entry === undefined || isRecord(entry.valueFrom)) return undefined
  const text = String(entry.value ?? '')
  const threads = /^\s*(0x)?[0-9a-fA-F]{1,8}\s*$/.test(text) ? Number.parseInt(text, 16) : undefined
  return { text, threads: threads !== undefined && threads >= 1 && threads <= maxDotnetThreads ? threads : undefined }
}
