import t from 'tap'
import { standWhereThePersonStands } from '../../src/host/npm-folder.ts'

/** Where the process ends up, and where it looks for the authority of npm start. */
function after(env: Readonly<Record<string, string>>): readonly [string, string | undefined] {
  let folder = '/opt/pidguard'
  const fake = {
    env: { ...env } as Record<string, string | undefined>,
    cwd: () => folder,
    chdir(to: string) {
      folder = to
    }
  }
  standWhereThePersonStands(fake as unknown as NodeJS.Process)
  return [folder, fake.env['PIDGUARD_CA']]
}

const npm = { npm_package_name: 'pidguard', npm_lifecycle_event: 'pidguard', INIT_CWD: '/home/me/shop' }

void t.test('npm run pidguard reads paths from where the person stands', async (t) => {
  t.strictSame(after(npm), ['/home/me/shop', '/opt/pidguard/certs/ca.crt'])
  t.strictSame(after({ ...npm, PIDGUARD_CA: 'mine.crt' }), ['/home/me/shop', 'mine.crt'])
})

void t.test('npm start, scripts of others, and the program by itself stay where they are', async (t) => {
  const others = [
    {},
    { INIT_CWD: '/home/me/shop' },
    { ...npm, npm_lifecycle_event: 'start' },
    { ...npm, npm_package_name: 'shop' },
    { ...npm, INIT_CWD: '/opt/pidguard' },
    { npm_package_name: 'pidguard', npm_lifecycle_event: 'pidguard' }
  ]
  for (const env of others) t.strictSame(after(env), ['/opt/pidguard', undefined], JSON.stringify(env))
})
