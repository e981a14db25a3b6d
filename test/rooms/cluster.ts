import { runRooms } from '../support/rooms.ts'

await runRooms('kube', 'readings', 'certs')
