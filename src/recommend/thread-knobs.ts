import { adviceFor, capFor, mostThreadsOf } from '../kubernetes/language-runtimes.ts'
import type { ToldRuntime } from '../kubernetes/pods/told-runtime.ts'
import type { Pids } from '../lib/units.ts'

/** How the threads of a language runtime are bounded from outside of the program. */
export interface ThreadKnob {
  readonly runtime: string
  readonly knob: string
  readonly source: string
}

/** A program of any other kind has no such knob: podPidsLimit bounds it, by refusing threads. */
export const knobsOfRuntimes: Readonly<Record<ToldRuntime, ThreadKnob>> = {
  dotnet: {
    runtime: '.NET',
    knob: 'DOTNET_ThreadPool_ForceMaxWorkerThreads, in hexadecimal (1F4 is 500): beyond it work waits',
    source: 'dotnet/runtime docs, ClrConfigNative; PortableThreadPool.cs'
  },
  jvm: {
    runtime: 'JVM',
    knob: 'server.tomcat.threads.max, or the size of the pool the program uses; -XX:ActiveProcessorCount bounds what is sized by processors (garbage collector, common pool)',
    source: 'java(1); Spring Boot common application properties'
  },
  go: {
    runtime: 'Go',
    knob: 'debug.SetMaxThreads in the program (10,000 by default): beyond it the program crashes. GOMAXPROCS does not count threads in system calls',
    source: 'pkg.go.dev/runtime/debug#SetMaxThreads'
  },
  nodejs: {
    runtime: 'Node.js',
    knob: `${adviceFor('nodejs')} (4 by default, at most 1024); worker threads are the program's own`,
    source: 'nodejs.org/api/cli.html; libuv threadpool.c'
  },
  python: {
    runtime: 'Python',
    knob: `${adviceFor('python')} for numeric libraries; pools of the program are sized in it`,
    source: 'OpenMP 5.2, 21.1.2; OpenBLAS README'
  },
  glibc: {
    runtime: 'glibc (C, C++)',
    knob: 'none of its own; OMP_THREAD_LIMIT bounds OpenMP. MALLOC_ARENA_MAX bounds memory, not threads',
    source: 'OpenMP 5.2, 21.1.3; mallopt(3)'
  }
}

export const threadKnobs: readonly ThreadKnob[] = Object.values(knobsOfRuntimes)

/** A short name of what caps the threads of one program, where one variable or option does. */
const names: Readonly<Record<ToldRuntime, string>> = {
  dotnet: 'DOTNET_ThreadPool_ForceMaxWorkerThreads',
  jvm: 'server.tomcat.threads.max',
  go: 'debug.SetMaxThreads',
  nodejs: 'UV_THREADPOOL_SIZE',
  python: 'OMP_NUM_THREADS',
  glibc: 'OMP_THREAD_LIMIT'
}

/**
 * The knob of a workload: with a value where a variable takes a count of all its threads, which .NET alone has. `estimate`: what
 * it declares; null: not known.
 */
export function knobFor(runtime: ToldRuntime, estimate: Pids | null): string {
  const most = mostThreadsOf('dotnet') ?? 0
  const cap = runtime !== 'dotnet' || estimate === null ? undefined : capFor(runtime, Math.min(estimate, most))
  return cap === undefined ? names[runtime] : `${cap.name}=${cap.value}`
}
