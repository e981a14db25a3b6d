import { Agent, request } from 'undici'

export interface ApiAnswer {
  readonly status: number
  readonly body: ApiBody
  /** Texts of the headers `Warning`. */
  readonly warnings?: readonly string[]
}

/** What tests look at, of an object or of the Status that stands for an error. */
export interface ApiBody {
  readonly message?: string
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly secrets?: readonly object[]
  readonly status?: { readonly token?: string }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

interface CallOptions {
  /** Another user, in whose name an administrator asks. */
  readonly as?: string | undefined
  readonly contentType?: string | undefined
}

const prefixes = {
  pods: '/api/v1',
  events: '/api/v1',
  deployments: '/apis/apps/v1',
  replicasets: '/apis/apps/v1',
  daemonsets: '/apis/apps/v1',
  jobs: '/apis/batch/v1'
} as const
export type Resource = keyof typeof prefixes

function pathOf(resource: Resource, namespace: string): string {
  return `${prefixes[resource]}/namespaces/${namespace}/${resource}`
}

/** The API server without kubectl in between, where a test needs many calls, or the bare answer. */
export class ApiClient {
  readonly #url: string
  readonly #token: string
  readonly #agent: Agent

  constructor(url: string, ca: string, token: string) {
    this.#url = url
    this.#token = token
    this.#agent = new Agent({ allowH2: false, connect: { ca } })
  }

  get(path: string): Promise<ApiAnswer> {
    return this.#call('GET', path)
  }

  /** `as`: the user in whose name it is sent. */
  post(path: string, object: object, as?: string): Promise<ApiAnswer> {
    return this.#call('POST', path, object, { as })
  }

  put(path: string, object: object, as?: string): Promise<ApiAnswer> {
    return this.#call('PUT', path, object, { as })
  }

  /** `contentType` of a PATCH. */
  send(method: Method, path: string, object?: object, contentType?: string): Promise<ApiAnswer> {
    return this.#call(method, path, object, { contentType })
  }

  /** An object as the API server holds it. */
  async stored<T>(resource: Resource, name: string, namespace: string): Promise<T> {
    return await this.#found<T>(`${pathOf(resource, namespace)}/${name}`)
  }

  /** `query` as in `labelSelector=app=x`. */
  async list<T>(resource: Resource, namespace: string, query: string): Promise<readonly T[]> {
    const { items } = await this.#found<{ items: readonly T[] }>(`${pathOf(resource, namespace)}?${query}`)
    return items
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #found<T>(path: string): Promise<T> {
    const { status, body } = await this.get(path)
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.message}`)
    return body as T
  }

  async #call(
    method: Method,
    path: string,
    object?: object,
    { as, contentType }: CallOptions = {}
  ): Promise<ApiAnswer> {
    const answer = await request(`${this.#url}${path}`, {
      dispatcher: this.#agent,
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': contentType ?? 'application/json',
        ...(as === undefined ? {} : { 'impersonate-user': as, 'impersonate-group': 'system:masters' })
      },
      body: object === undefined ? null : JSON.stringify(object)
    })
    const text = await answer.body.text()
    const warnings = [answer.headers['warning'] ?? []].flat().map(textOfWarning)
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : { message: text }, warnings }
  }
}

/** Of `299 - "text"`, with quotes and backslashes escaped (RFC 7234). */
function textOfWarning(header: string): string {
  return /^299 \S+ "(.*)"$/.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? header
}
