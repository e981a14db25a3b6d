import { runRooms } from '../support/rooms.ts'

await runRooms('policy', 'headroom')
