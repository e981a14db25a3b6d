import t from 'tap'
import { needsSlow } from '../../src/yaml/needs-slow.ts'

void t.test('prose and scripts go to the fast parser, and what only looks like prose to the slow one', async (t) => {
  const fast = [
    'description: |\n  Is this? Yes: see [the docs]: there {{ is }}, **bold**, a && b, cat <<EOF > x\n',
    "title: '{{ template }}'\n",
    'args: [a, {b: c}]\nmore: {d: [e]}\n',
    'text: see {x}: y is *not* it & that\n',
    'a: "<<"\nb: what? no\n',
    'rule: |-\n  x\n    ? y : z\n',
    '- rule: >2\n\n     ? y\n   [a]: b\n',
    'a: !t |\n  [ssh.example.com]:443 key\n  <<: x\n  {{ x }}\n',
    '- - |\n   [c]: d\n\n   ? x\n- a: |\n   [c]: d\n  b: c\n',
    'rule:\n  "x\n  ? y : z"\n',
    'a: |\n  ~: x\n  null: y\n',
    `a: ${'x'.repeat(2_000)}\n`,
    `a: |\n  ${'x'.repeat(1_100)}: y\n`,
    'nullable: true\n',
    'rule: "x\n  y\n  [a]: b"\n',
    'image: "{{item.image}}:{{item.tag}}"\n',
    "image: '{{item.image}}:{{item.tag}}'\n",
    'url: http://{{host.ip}}:8086/query\n',
    'a: "x \\" : {{ y }}: z"\n'
  ]
  const slow = [
    'a: &x {b: 1}\nc: *x\n',
    '- &x a\n- *x\n',
    'a: {<<: {b: 1}}\n',
    'a:\n  <<: {b: 1}\n',
    'a: {{ b }}\n',
    '"a": {{ b }}\n',
    'a: {"b": "c", [d]:e}\n',
    'a: {\n  [d]:e}\n',
    '[a]: b\n',
    'x: {[a]: b}\n',
    '{\n  a: b\n}: c\n',
    '? a\n: b\n',
    'x: {? a : b}\n',
    '? - a\n: b\n',
    'a: !!map &x {b: 1}\nc: [*x]\n',
    // After a text, beside one, and under what only looks as if it opened one.
    'a: |\n  b\n? [c]\n: d\n',
    'a: |\n  [x]: y\n[c]: d\n',
    '- a: |\n    b\n  ? [c]\n  : d\n',
    '- - |\n    b\n  - ? [c]\n    : d\n',
    'a: # |\n  ? [b]\n  : c\n',
    'a: b\nc:\n  ? [d]\n  : e\n',
    'a: |\n  say: "x\n? [b]\n: c\n',
    'a: "x"\n? [b]\n: c\n',
    '~: x\n',
    'a: {null: x}\n',
    `${'x'.repeat(1_100)}: y\n`,
    'a: "\\ud83d\\ude00"\n',
    '# a: "x\n? [b]\n: c\n',
    'a: it\'s "x\n? [b]\n: c\n'
  ]
  for (const text of fast) t.equal(needsSlow(text), false, text)
  for (const text of slow) t.equal(needsSlow(text), true, text)
})

void t.test('no text takes more than in proportion to its length', async (t) => {
  const many = 300_000
  const texts = [
    `a: ${'['.repeat(many)}`,
    `a: ${'['.repeat(many)}: b`,
    `a: ']:' ${'['.repeat(many)}`,
    `b: {{\na: ${'!'.repeat(many)} * &`,
    `${'- '.repeat(many)}x: ${'y'.repeat(2_000)}: z`,
    `a: "x\n${'  ? y\n'.repeat(many)}"`,
    `${':'.repeat(many)} ${'x'.repeat(2_000)}: y`,
    `${' '.repeat(many)}]: y`
  ]
  // Each would take minutes where a pattern begins anew at every sign.
  for (const text of texts) t.type(needsSlow(text), 'boolean')
})

void t.test('a text that begins with empty lines ends, whatever is looked for above its lines', async (t) => {
  for (const start of ['\n', '\n\n', '\r\n', '\n \n']) {
    for (const line of [
      '  ? x\n  : y\n',
      '  - ? x\n',
      '  "x": {{}: a}\n',
      '  a: "\n  ? y"\n',
      '   <<: *a\n',
      '  null: x\n'
    ]) {
      t.type(needsSlow(`${start}  a: b\n${line}`), 'boolean', JSON.stringify(start + line))
      t.type(needsSlow(`${start}${line}`), 'boolean')
    }
  }
})
