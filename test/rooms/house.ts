import { runRooms } from '../support/rooms.ts'

await runRooms('bench', 'manifests', 'repo')
