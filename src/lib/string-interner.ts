/** Above this many, most are names that no longer exist: start over. Strings already handed out stay valid. Own choice. */
const most = 200_000

/** One string for all equal strings: thousands of pods share their namespace, node and phase. */
export class Interner {
  readonly #strings = new Map<string, string>()

  of(text: string): string {
    const held = this.#strings.get(text)
    if (held !== undefined) return held
    if (this.#strings.size >= most) this.#strings.clear()
    this.#strings.set(text, text)
    return text
  }
}
