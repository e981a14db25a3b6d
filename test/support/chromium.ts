import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

type Json = Record<string, unknown>
interface Waiting {
  resolve(result: Json): void
  reject(error: Error): void
}
interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Json
  readonly result?: Json
  readonly error?: { readonly message: string }
}

/** Where a Chromium is; undefined where none is installed. CHROMIUM names one of one's own. */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  const names = [env['CHROMIUM'], 'chromium', 'chromium-browser', 'google-chrome'].filter((name) => name !== undefined)
  return names.find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** A Chromium without a window, driven by the DevTools protocol over a pipe: no port is opened. */
export class Chromium {
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(message: Message) => void>()
  #next = 1
  #rest = ''

  constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'pidguard-chromium-'))
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run']
    const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
    this.#process = spawn(
      program,
      [...flags, ...quiet, '--remote-debugging-pipe', `--user-data-dir=${this.#profile}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] }
    )
    const answers = this.#process.stdio[4] as Readable
    answers.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.#process.on('exit', () => this.#fail(new Error('Chromium is gone')))
  }

  /** A page of its own. */
  async open(): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, sessionId as string)
    await page.watch()
    return page
  }

  send(method: string, params: Json = {}, sessionId?: string): Promise<Json> {
    const id = this.#next++
    const { promise, resolve, reject } = Promise.withResolvers<Json>()
    this.#waiting.set(id, { resolve, reject })
    const input = this.#process.stdio[3] as Writable
    input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return promise
  }

  onMessage(listener: (message: Message) => void): void {
    this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once('exit', resolve))
    await this.send('Browser.close').catch(() => this.#process.kill('SIGKILL'))
    await gone
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\0')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.#take(JSON.parse(part) as Message)
  }

  #take(message: Message): void {
    for (const listener of this.#listeners) listener(message)
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id)
    if (waiting === undefined) return
    this.#waiting.delete(message.id as number)
    if (message.error === undefined) waiting.resolve(message.result ?? {})
    else waiting.reject(new Error(message.error.message))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

export interface Looks {
  readonly width: number
  readonly height?: number
  readonly dark?: boolean
  readonly print?: boolean
}

/** One tab, with what it asked for and complained of. */
export class Page {
  /** Addresses that were asked for. */
  readonly requests: string[] = []
  /** Errors and warnings of the console, of the page's own script and of its security policy. */
  readonly complaints: string[] = []
  readonly #chromium: Chromium
  readonly #session: string
  #onLoad: () => void = () => {}

  constructor(chromium: Chromium, session: string) {
    this.#chromium = chromium
    this.#session = session
    chromium.onMessage((message) => {
      if ((message as Json)['sessionId'] === session) this.#note(message)
    })
  }

  async watch(): Promise<void> {
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await this.#send(`${domain}.enable`)
  }

  /** Shows a document. Without scripts it is what a viewer shows that runs none. */
  async load(url: string, { scripts = true } = {}): Promise<void> {
    await this.#send('Emulation.setScriptExecutionDisabled', { value: !scripts })
    const loaded = new Promise<void>((resolve) => {
      this.#onLoad = resolve
    })
    await this.#send('Page.navigate', { url })
    await loaded
  }

  /** On a screen of that size (CSS pixels), in light or dark, or as it would be printed. */
  async look({ width, height = 800, dark = false, print = false }: Looks): Promise<void> {
    const mobile = width < 500
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile })
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
    await this.#send('Emulation.setEmulatedMedia', { media: print ? 'print' : '', features })
  }

  /** What an expression is in the page, by value. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }

  /** One key, as a person would press it. */
  async press(key: string, code: string, keyCode: number, text?: string): Promise<void> {
    const event = { key, code, windowsVirtualKeyCode: keyCode, ...(text === undefined ? {} : { text }) }
    await this.#send('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', ...event })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data as string, 'base64')
  }

  /** As A4 paper. */
  async pdf(): Promise<Buffer> {
    const size = { paperWidth: 8.27, paperHeight: 11.69, preferCSSPageSize: true }
    const { data } = await this.#send('Page.printToPDF', { printBackground: false, ...size })
    return Buffer.from(data as string, 'base64')
  }

  #send(method: string, params: Json = {}): Promise<Json> {
    return this.#chromium.send(method, params, this.#session)
  }

  #note({ method, params = {} }: Message): void {
    if (method === 'Page.loadEventFired') this.#onLoad()
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params['request'] as { readonly url: string }).url)
    }
    const isComplaint = ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded'].includes(method ?? '')
    if (isComplaint) this.complaints.push(JSON.stringify(params))
  }
}
