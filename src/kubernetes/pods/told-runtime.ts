import { recordsOf } from '../../lib/json/shape.ts'
import { containersIn } from '../containers.ts'
import { hasThreadCap, knobs, type Runtime, runtimes } from '../language-runtimes.ts'
import type { Container, ObjectMeta, PodSpec } from '../types.ts'

/** What a program runs on, as far as its pod tells: a runtime with a thread pool, Go, or native code. */
export const toldRuntimes = [...runtimes, 'go', 'glibc'] as const
export type ToldRuntime = (typeof toldRuntimes)[number]

export interface RuntimeSign {
  readonly runtime: ToldRuntime
  /** What tells it: `command java`, `annotation …`, `variable JAVA_OPTS`, `image …`. An image is the weakest sign. */
  readonly by: string
  /** A variable or option of the runtime already caps its threads. */
  readonly isCapped: boolean
}

/** Of the first app container that tells any, the surest sign; undefined: none does. */
export function runtimeOf({ annotations }: ObjectMeta, { containers }: PodSpec): RuntimeSign | undefined {
  const all = containersIn(containers)
  const injected = Object.keys(annotations ?? {}).find((name) => injectedBy(name) !== undefined)
  for (const signOf of [byCommand, byVariable]) {
    for (const container of all) {
      const found = signOf(container)
      if (found !== undefined) return withCap(found, container)
    }
    if (signOf === byCommand && injected !== undefined) {
      const runtime = injectedBy(injected)
      if (runtime !== undefined) return withCap({ runtime, by: `annotation ${injected}` }, all[0])
    }
  }
  for (const container of all) {
    const found = byImage(container)
    if (found !== undefined) return withCap(found, container)
  }
  return undefined
}

type Sign = Pick<RuntimeSign, 'runtime' | 'by'>

function withCap(sign: Sign, container: Container | undefined): RuntimeSign {
  const { runtime } = sign
  const isCapped = container !== undefined && isPooled(runtime) && hasThreadCap(runtime, container)
  return { ...sign, isCapped }
}

function isPooled(runtime: ToldRuntime): runtime is Runtime {
  return runtime in knobs
}

/** Agents that are put into a pod of one language (OpenTelemetry operator, Datadog admission controller). */
function injectedBy(annotation: string): ToldRuntime | undefined {
  const [, opentelemetry] =
    /^instrumentation\.opentelemetry\.io\/inject-(java|dotnet|nodejs|python|go)$/.exec(annotation) ?? []
  const [, datadog] =
    /^admission\.datadoghq\.com\/(java|dotnet|js|python)-lib\.(?:custom-image|version)$/.exec(annotation) ?? []
  return languages[opentelemetry ?? datadog ?? '']
}

const languages: Readonly<Record<string, ToldRuntime | undefined>> = {
  java: 'jvm',
  dotnet: 'dotnet',
  nodejs: 'nodejs',
  js: 'nodejs',
  python: 'python',
  go: 'go'
}

/** The program itself, or what it is given to run. */
const programs: readonly (readonly [pattern: RegExp, runtime: ToldRuntime])[] = [
  [/(^|\/|\s)dotnet(\s|$)|\.dll(\s|$)/, 'dotnet'],
  [/(^|\/|\s)java(\s|$)|\.jar(\s|$)|(^|\/)catalina\.sh(\s|$)/, 'jvm'],
  [/(^|\/|\s)(python[0-9.]*|gunicorn|uvicorn|celery)(\s|$)/, 'python'],
  [/(^|\/|\s)(node|npm|yarn|pnpm)(\s|$)/, 'nodejs']
]

function byCommand({ command, args }: Container): Sign | undefined {
  // What a shell is told to run stands in one of its arguments.
  const words = [...listOf(command), ...listOf(args)].slice(0, mostWords)
  for (const word of words) {
    const runtime = programs.find(([pattern]) => pattern.test(word))?.[1]
    if (runtime !== undefined) return { runtime, by: `command ${clipped(word)}` }
  }
  return undefined
}

/** Variables that only one runtime reads. */
const variables: readonly (readonly [pattern: RegExp, runtime: ToldRuntime])[] = [
  [/^(DOTNET_|ASPNETCORE_|COMPlus_|CORECLR_)/, 'dotnet'],
  [/^(JAVA_|_JAVA_|JDK_JAVA_|CATALINA_|JVM_|SPRING_)/, 'jvm'],
  [/^(GOMAXPROCS|GOGC|GOMEMLIMIT|GODEBUG|GOTRACEBACK)$/, 'go'],
  [/^(PYTHON[A-Z]+|GUNICORN_CMD_ARGS|OPENBLAS_NUM_THREADS|MKL_NUM_THREADS)$/, 'python'],
  [/^(NODE_OPTIONS|NODE_ENV|UV_THREADPOOL_SIZE)$/, 'nodejs'],
  [/^(MALLOC_ARENA_MAX|GLIBC_TUNABLES|OMP_THREAD_LIMIT)$/, 'glibc']
]

function byVariable({ env }: Container): Sign | undefined {
  for (const { name } of recordsOf(env)) {
    const runtime = typeof name === 'string' ? variables.find(([pattern]) => pattern.test(name))?.[1] : undefined
    if (runtime !== undefined) return { runtime, by: `variable ${clipped(String(name))}` }
  }
  return undefined
}

/** Words in the names of public images, by what is in them. The first that fits. */
const images: readonly (readonly [words: ReadonlySet<string>, runtime: ToldRuntime])[] = [
  [wordsOf('dotnet aspnet'), 'dotnet'],
  [
    wordsOf('java jdk jre openjdk temurin corretto zulu tomcat jetty wildfly jboss quarkus keycloak kafka zookeeper'),
    'jvm'
  ],
  [wordsOf('cassandra elasticsearch opensearch logstash solr jenkins nexus3'), 'jvm'],
  [wordsOf('golang calico cilium etcd coredns traefik prometheus alertmanager exporter grafana loki'), 'go'],
  [wordsOf('kube controller operator consul vault'), 'go'],
  [wordsOf('python airflow jupyter celery'), 'python'],
  [wordsOf('postgres postgresql mysql mariadb redis nginx httpd mongo mongodb haproxy envoy'), 'glibc'],
  [wordsOf('node nodejs'), 'nodejs']
]

function wordsOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '))
}

function byImage({ image }: Container): Sign | undefined {
  if (typeof image !== 'string') return undefined
  // Without the registry, the tag and the digest: none of them names a program.
  const path = image.split('@')[0]?.replace(/:[^/]*$/, '') ?? ''
  const words = path.replace(/^[^/]*[.:][^/]*\//, '').split(/[/_.-]+/)
  const runtime = images.find(([names]) => words.some((word) => names.has(word)))?.[1]
  return runtime === undefined ? undefined : { runtime, by: `image ${clipped(path)}` }
}

/** Words of a command line that are looked at. Own choice. */
const mostWords = 20
const longest = 60

function clipped(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

function listOf(texts: unknown): string[] {
  return Array.isArray(texts) ? texts.filter((text) => typeof text === 'string') : []
}
