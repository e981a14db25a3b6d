import fc from 'fast-check'

/** Texts that would break a page if they were not escaped, and any others. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        ...['</script>', '</style>', '<!--', '-->', ']]>', '<img src=x onerror=alert(1)>', '" onclick="alert(1)', "'"],
        ...['&lt;', '&#x3c;', '&', '\u202E', '\u2066', '\u200B', '\u2028', '\u0000', '\uFEFF', '\uD800', '\u{E0041}'],
        ...['javascript:alert(1)', 'url(https://example.com/x)', '$1', '$&', '\\', '`', '{{x}}', '\r\n', '\t'],
        'x'.repeat(500)
      )
    ),
    { maxLength: 6 }
  )
  .map((parts) => parts.join(''))
