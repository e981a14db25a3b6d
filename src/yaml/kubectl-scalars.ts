// How kubectl reads an unquoted scalar: sigs.k8s.io/yaml goyaml.v2 resolve.go, mostly YAML 1.1. Checked against kubectl
// 1.32 (`kubectl label --local -o json`); test/yaml/kubectl-scalars.test.ts holds what it printed.

const words = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const)
])

/** Only what is as short as the longest of the words is looked up. */
const longestWord = 5

/** The last character of everything that can be a number, .inf and .nan included. */
const numberEnd = /[0-9a-fA-FnN._]/
const infinite = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/
const decimal = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const whole = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/

/**
 * The value of a plain scalar: yes, on and y are true, 0777 and 0o777 are octal, 1_000 is a number; timestamps and base
 * 60 stay text. Throws a RangeError for .inf and .nan, which JSON and so Kubernetes cannot hold.
 */
export function plainScalar(text: string): string | number | boolean | null {
  if (text.length <= longestWord) {
    const word = words.get(text)
    if (word !== undefined) return word
  }
  const first = text.charCodeAt(0)
  const isNumberLike = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e
  return isNumberLike ? numberOr(text) : text
}

function numberOr(text: string): string | number {
  // 100m, 1.2.3, 2001-12-14: what ends in a letter that no number ends in, is none.
  if (!numberEnd.test(text.charAt(text.length - 1))) return text
  if (infinite.test(text)) throw new RangeError(`${text} is a number that Kubernetes cannot store`)
  const plain = text.charCodeAt(0) !== 0x2e && text.includes('_') ? text.replaceAll('_', '') : text
  const [, sign, hex, binary, octal, digits] = whole.exec(plain) ?? []
  const magnitude = digits ?? (hex && `0x${hex}`) ?? (binary && `0b${binary}`) ?? (octal && `0o${octal}`)
  if (magnitude !== undefined) return sign === '-' ? -Number(magnitude) || 0 : Number(magnitude)
  if (!decimal.test(plain)) return text
  const value = Number(plain)
  return Number.isFinite(value) ? value || 0 : text
}

/** The value of a scalar with one of YAML's own tags; undefined when the text is not of that type. */
export function taggedScalar(tag: string, text: string): string | number | boolean | null | undefined {
  switch (tag) {
    case 'int':
    case 'float': {
      const value = plainScalar(text)
      return typeof value === 'number' && (tag === 'float' || Number.isInteger(value)) ? value : undefined
    }
    case 'bool': {
      const value = plainScalar(text)
      return typeof value === 'boolean' ? value : undefined
    }
    case 'null':
      return plainScalar(text) === null ? null : undefined
    case 'binary':
      return Buffer.from(text, 'base64').toString('utf8')
    default:
      return text
  }
}
