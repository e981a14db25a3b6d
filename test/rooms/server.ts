import { runRooms } from '../support/rooms.ts'

await runRooms('server', 'host', 'serve')
