import { runRooms } from '../support/rooms.ts'

await runRooms('engine', 'rules')
