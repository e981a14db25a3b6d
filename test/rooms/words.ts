import { runRooms } from '../support/rooms.ts'

await runRooms('lib', 'kubernetes', 'model', 'errors.test.ts')
