import { currentTest } from './rooms.ts'

/** What `import t from 'tap'` is in a test file that shares a process: the test of that file. */
export default currentTest()
