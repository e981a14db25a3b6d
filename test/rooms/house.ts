import { runRooms } from '../support/rooms.ts'

await runRooms('manifests', 'repo')
