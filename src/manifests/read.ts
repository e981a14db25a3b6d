import { linesIn } from './split.ts'
