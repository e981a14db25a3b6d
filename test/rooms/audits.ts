import { runRooms } from '../support/rooms.ts'

await runRooms('audit', 'calico', 'doctor', 'leader')
