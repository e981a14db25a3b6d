import { Agent, request } from 'undici'

export interface ApiAnswer {
  readonly status: number
  readonly body: ApiBody
}

/** What tests look at, of an object or of the Status that stands for an error. */
export interface ApiBody {
  readonly message?: string
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
  readonly secrets?: readonly object[]
  readonly status?: { readonly token?: string }
}

/** The API server without kubectl in between, where a test needs many calls or the bare answer. */
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

  post(path: string, object: object): Promise<ApiAnswer> {
    return this.#call('POST', path, object)
  }

  put(path: string, object: object): Promise<ApiAnswer> {
    return this.#call('PUT', path, object)
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #call(method: 'GET' | 'POST' | 'PUT', path: string, object?: object): Promise<ApiAnswer> {
    const answer = await request(`${this.#url}${path}`, {
      dispatcher: this.#agent,
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: object === undefined ? null : JSON.stringify(object)
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, body: text.startsWith('{') ? JSON.parse(text) : { message: text } }
  }
}
