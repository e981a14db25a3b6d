/**
 * Colours are named twice, for light and for dark; text has a contrast of 4.5 to what is behind it, and what is drawn
 * one of 3 (WCAG 2.2 AA). Paper is light. No url() and no import: the page asks for nothing.
 */
const light = `
--page: #f5f6f8; --paper: #fff; --ink: #16202b; --soft: #4c5a69; --line: #cfd6de; --link: #0a55ab; --zebra: #f5f7fa;
--track: #e4e9ef; --use: #2f6fb3; --promised: #87aed8; --near: #955000; --full: #b3261e; --good: #1c7240; --mark: #16202b;
--deny: #b3261e; --warn: #955000; --change: #7048b8; --audit: #42657c;
--new: #b3261e; --same: #6b7a89; --fixed: #1c7240; --before: #6b7a89;
`
const dark = `
--page: #0e141b; --paper: #17202a; --ink: #e7edf3; --soft: #a9b6c3; --line: #354251; --link: #8cbcff; --zebra: #1b2530;
--track: #2a3643; --use: #6ba6e8; --promised: #3f6a99; --near: #f0a848; --full: #ff8f86; --good: #67c88c; --mark: #e7edf3;
--deny: #ff8f86; --warn: #f0a848; --change: #bd9df5; --audit: #8fb4cc;
--new: #ff8f86; --same: #8d9bab; --fixed: #67c88c; --before: #8d9bab;
`
const fills = [
  'track',
  'use',
  'promised',
  'near',
  'full',
  'mark',
  'deny',
  'warn',
  'change',
  'audit',
  'new',
  'same',
  'fixed',
  'before'
]

/** The style of the page. */
export const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 84rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1rem; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 .6rem; }
h3 { font-size: 1.02rem; line-height: 1.4; margin: 0; }
p { margin: .3rem 0; max-width: 80ch; }
a { color: var(--link); }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
code, tbody .c-name, .object { font-family: ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
header p, .soft, .rule, .more, .foot, .name, .levels dd, footer { color: var(--soft); }
header p { margin: .2rem 0; font-size: .9rem; max-width: none; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 0; background: var(--paper); padding: .5rem; z-index: 1; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .9rem; margin: .4rem 0 .8rem; }
nav a { padding: .15rem 0; }
section, aside { background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 0 0 1rem; }
.verdict { border-left: .5rem solid var(--good); }
.verdict p { max-width: none; }
.headline { font-size: 1.25rem; line-height: 1.3; font-weight: 700; margin: 0; max-width: none; }
.v-bad { border-left-color: var(--full); } .v-bad .headline { color: var(--full); }
.v-warn { border-left-color: var(--near); }
.v-unsure { border-left-color: var(--same); }
.v-good .headline { color: var(--good); }
.split { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 1rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: .5rem 2rem; }
@media (min-width: 60rem) {
  .split { grid-template-columns: minmax(0, 1fr) 22rem; align-items: start; }
  .pair { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
}
.actions { margin: 0; padding-left: 1.6rem; }
.actions > li { margin: 0 0 1rem; padding-left: .2rem; }
.actions > li::marker { font-weight: 700; }
.rule { font-size: .9rem; }
.examples { margin: .3rem 0; padding-left: 1.1rem; }
.links { font-size: .9rem; }
.why { font-size: .93rem; }
details { margin: .25rem 0; }
summary { cursor: pointer; padding: .15rem 0; }
aside h2:not(:first-child) { margin-top: 1rem; }
.figures { margin: 0; }
.figures div { padding: .35rem 0; border-top: 1px solid var(--line); }
.figures div:first-child { border-top: 0; padding-top: 0; }
dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; }
.figures dd { font-weight: 600; font-variant-numeric: tabular-nums; }
.levels { margin: .5rem 0; display: grid; gap: .2rem; }
.levels div { display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: baseline; }
figure { margin: .75rem 0; }
figcaption, caption { font-weight: 600; text-align: left; padding: 0 0 .3rem; }
.legend { font-size: .85rem; color: var(--soft); }
.key { width: .8rem; height: .8rem; vertical-align: -.08rem; margin-left: .5rem; }
.key:first-child { margin-left: 0; }
.key rect { width: 100%; height: 100%; }
.bars { list-style: none; margin: .4rem 0; padding: 0; }
.bars li { margin: 0 0 .55rem; break-inside: avoid; }
.label { font-size: .92rem; font-weight: 500; color: var(--ink); }
.line { display: grid; grid-template-columns: 1fr auto; gap: 0 .75rem; align-items: center; font-size: .85rem; line-height: 1.4; }
.line .bar { grid-column: 1 / -1; }
@media (min-width: 40rem) {
  .bars { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr) auto; column-gap: .75rem; }
  .bars li, .bars .line { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; }
  .bars li > .label { grid-column: 1 / -1; }
  .line .bar { grid-column: 2; grid-row: 1; }
}
.value { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar, .histogram { display: block; overflow: visible; }
.histogram text { font-size: 11px; fill: var(--soft); text-anchor: middle; }
.histogram .count { fill: var(--ink); }
.f-none { fill: none; stroke: var(--soft); stroke-dasharray: 3 3; }
.f-axis { stroke: var(--soft); }
${fills.map((name) => `.f-${name} { fill: var(--${name}); }`).join('\n')}
.f-promised { stroke: var(--use); }
.t-unknown { color: var(--soft); font-style: italic; }
.t-near { color: var(--near); font-weight: 600; }
.t-full { color: var(--full); font-weight: 600; }
.l-deny bdi, .l-warn bdi, .l-change bdi, .l-audit bdi { border: 1px solid; border-radius: 1rem; padding: 0 .5em; white-space: nowrap; font-size: .85rem; font-weight: 600; }
.l-deny bdi { color: var(--deny); } .l-warn bdi { color: var(--warn); } .l-change bdi { color: var(--change); } .l-audit bdi { color: var(--audit); }
.table { margin: 1.25rem 0 0; }
.tools { display: flex; flex-wrap: wrap; gap: .4rem .9rem; margin: 0 0 .5rem; align-items: end; font-size: .85rem; }
[hidden] { display: none !important; }
.tools label:not(.narrow) { display: flex; flex-direction: column; color: var(--soft); max-width: 100%; }
input, select, button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: .3rem; padding: .3rem .5rem; min-height: 2.2rem; max-width: 100%; }
button { cursor: pointer; }
button:disabled { color: var(--soft); border-color: var(--line); cursor: default; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .3rem; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; line-height: 1.4; overflow-wrap: break-word; }
caption { padding: .4rem .5rem; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem; border-top: 1px solid var(--line); font-weight: 400; }
tbody tr:nth-child(odd) { background: var(--zebra); }
tbody tr:hover { background: var(--track); }
tbody th { font-weight: 600; }
thead th { font-weight: 600; vertical-align: bottom; color: var(--soft); }
thead button { border: 0; padding: 0; min-height: 1.6rem; background: none; color: inherit; font-weight: 600; text-align: inherit; }
thead button::after { content: "\\a0\\2195"; opacity: .6; }
[aria-sort=ascending] button::after { content: "\\a0\\2191"; opacity: 1; }
[aria-sort=descending] button::after { content: "\\a0\\2193"; opacity: 1; }
[aria-sort=ascending], [aria-sort=descending] { color: var(--ink); }
.c-count, .c-limit, .c-share, .c-age, .c-ceiling { text-align: right; font-variant-numeric: tabular-nums; }
tbody .c-ceiling { white-space: nowrap; }
tbody .c-text { min-width: 7rem; overflow-wrap: anywhere; }
tbody .c-prose { min-width: 18rem; overflow-wrap: anywhere; }
tbody .c-name { min-width: 9rem; overflow-wrap: anywhere; }
.foot { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; font-size: .85rem; margin: .4rem 0 0; }
.pages { display: flex; gap: .4rem; }
.left { flex-basis: 100%; max-width: none; color: var(--ink); }
.none { color: var(--soft); }
footer { padding-bottom: 2rem; font-size: .85rem; }
.narrow { display: none; }
@media screen and (max-width: 47.99rem) {
  header, main, footer { padding-left: .6rem; padding-right: .6rem; }
  section, aside { padding: .75rem .7rem; }
  .tools .narrow { display: flex; flex-direction: column; }
  .tools label { flex: 1 1 8rem; }
  .scroll { overflow-x: visible; border: 0; }
  table, caption, tbody, tr, td, tbody th { display: block; overflow-wrap: anywhere; }
  tbody .c-ceiling { white-space: normal; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  caption { padding: 0 0 .3rem; }
  tr { border: 1px solid var(--line); border-radius: .3rem; margin: 0 0 .5rem; padding: .3rem .5rem; }
  th, td { border: 0; padding: .1rem 0; }
  .table td { display: grid; grid-template-columns: 8.5rem minmax(0, 1fr); gap: .5rem; text-align: left; }
  td::before { content: attr(data-label); color: var(--soft); font-family: system-ui, sans-serif; font-weight: 400; font-style: normal; }
  .table td:has(bdi:empty) { display: none; }
  td bdi { justify-self: start; }
  .histogram .odd { display: none; }
}
@media print {
  :root { color-scheme: light; ${light} --page: #fff; }
  @page { margin: 12mm; }
  body { font-size: 9.5pt; }
  header, main, footer { max-width: none; padding: 0; }
  section, aside { border: 0; padding: 0; margin: 0 0 6mm; border-radius: 0; }
  .verdict { border-left: 2mm solid; padding-left: 3mm; }
  .split { display: block; }
  nav, .skip, .tools, .pages, .links, [data-plain] { display: none; }
  h2, h3, figcaption, caption { break-after: avoid; }
  tr, li, figure.half { break-inside: avoid; }
  thead { display: table-header-group; }
  thead button { display: contents; }
  thead button::after { content: ""; }
  .scroll { overflow: visible; border: 0; }
  table { font-size: 7pt; }
  th, td { padding: .6mm; }
  thead th { min-width: 2.5rem; font-size: 6pt; overflow-wrap: anywhere; }
  tbody .c-text, tbody .c-prose { min-width: 3.9rem; }
  .table .c-level bdi { white-space: normal; border: 0; padding: 0; }
  .table bdi { font-size: inherit; }
  aside { break-inside: avoid; }
  tbody .c-name { min-width: 3.9rem; }
  tbody .c-ceiling { white-space: normal; }
  .wide, .wide caption, .wide tbody { display: block; }
  .wide thead { display: none; }
  .wide tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .5mm 4mm; border-top: 1px solid var(--line); padding: 1mm; }
  .wide td, .wide tbody th { border: 0; padding: 0; min-width: 0; text-align: left; overflow-wrap: anywhere; }
  .wide tbody th { grid-column: 1 / -1; }
  .wide td::before { content: attr(data-label) ": "; color: var(--soft); font-family: system-ui, sans-serif; font-weight: 400; font-style: normal; }
  .wide td:has(bdi:empty) { display: none; }
  details::details-content { content-visibility: visible; display: block; }
  a { color: inherit; text-decoration: none; }
}
`
