import { execFile } from 'node:child_process'

export interface KubectlResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** kubectl with the kubeconfig of one control plane, and no file of the user who runs the tests. */
export class Kubectl {
  readonly #program: string
  readonly #env: NodeJS.ProcessEnv
  readonly #options: readonly string[]

  constructor(program: string, kubeconfig: string, home: string) {
    this.#program = program
    this.#env = { HOME: home, PATH: process.env.PATH }
    this.#options = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${home}/cache`]
  }

  run(args: readonly string[], input = ''): Promise<KubectlResult> {
    return new Promise((resolve, reject) => {
      const options = { env: this.#env, maxBuffer: 64 * 1024 * 1024 }
      const child = execFile(this.#program, [...this.#options, ...args], options, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error)
        else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
      // A kubectl that refuses its arguments does not read its input.
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
    })
  }

  /** For what only prepares a test: anything but success is an error. */
  async ok(args: readonly string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit code ${code}\n${stderr}`)
    return stdout
  }

  create(object: object, ...args: string[]): Promise<KubectlResult> {
    return this.run(['create', '--filename=-', ...args], JSON.stringify(object))
  }

  apply(text: string, ...args: string[]): Promise<KubectlResult> {
    return this.run(['apply', '--filename=-', ...args], text)
  }
}
