// A process that plays one attack until it is told to stop: attacker.ts NAME PORT
import { attacks } from './attacks.ts'

const [name = '', port] = process.argv.slice(2)
const attack = attacks[name]
if (attack === undefined) throw new Error(`no such attack: ${name}`)
let isOver = false
process.on('message', () => {
  isOver = true
  // What is still open is closed with the process.
  setTimeout(() => process.exit(), 500)
})
process.on('disconnect', () => process.exit())
process.send?.('began')
await attack({ port: Number(port), goesOn: () => !isOver })
