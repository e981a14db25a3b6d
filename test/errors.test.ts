import t from 'tap'
import { AppError, errorCodes } from '../src/errors.ts'

void t.test('every error has a status of HTTP and a hint that ends with a full stop', async (t) => {
  for (const [code, { status, hint }] of Object.entries(errorCodes)) {
    t.match(code, /^ERR_[A-Z_]+$/)
    t.ok(status >= 400 && status < 600, code)
    t.match(hint, /\.$/, code)
  }
})

void t.test('an error carries its code, its cause and what the catalogue says of it', async (t) => {
  const cause = new Error('inner')
  const error = new AppError('ERR_CONTENT_TYPE', 'expected this, found that', { cause })
  t.match(error, { name: 'AppError', code: 'ERR_CONTENT_TYPE', message: 'expected this, found that', cause })
  t.equal(error.info, errorCodes.ERR_CONTENT_TYPE)
  t.equal(error.info.status, 415)
})
