import { runRooms } from '../support/rooms.ts'

await runRooms('yaml', 'input', 'validate', 'snapshot', 'try', 'top', 'emit', 'commands', 'recommend')
