/** How the threads of a language runtime are bounded from outside of the program. */
export interface ThreadKnob {
  readonly runtime: string
  readonly knob: string
  readonly source: string
}

/** Runtimes that are missing here have no such knob: podPidsLimit bounds them, by refusing threads. */
export const threadKnobs: readonly ThreadKnob[] = [
  {
    runtime: '.NET',
    knob: 'DOTNET_ThreadPool_ForceMaxWorkerThreads, in hexadecimal (1F4 is 500): beyond it work waits',
    source: 'dotnet/runtime docs, ClrConfigNative; PortableThreadPool.cs'
  },
  {
    runtime: 'JVM',
    knob: 'server.tomcat.threads.max, or the size of the pool the program uses; -XX:ActiveProcessorCount bounds what is sized by processors (garbage collector, common pool)',
    source: 'java(1); Spring Boot common application properties'
  },
  {
    runtime: 'Go',
    knob: 'debug.SetMaxThreads in the program (10,000 by default): beyond it the program crashes. GOMAXPROCS does not count threads in system calls',
    source: 'pkg.go.dev/runtime/debug#SetMaxThreads'
  },
  {
    runtime: 'glibc (C, C++)',
    knob: 'none of its own; OMP_THREAD_LIMIT bounds OpenMP. MALLOC_ARENA_MAX bounds memory, not threads',
    source: 'OpenMP 5.2, 21.1.3; mallopt(3)'
  }
]
