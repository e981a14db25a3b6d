// Part of the build: keeps the compiled code of dist/validate-program.cjs. What it calls here needs no compiling later.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeCompiled } from '../../host/compiled-file.ts'

const policy = `apiVersion: pidguard.io/v1alpha1
kind: PidGuardPolicy
spec:
  requests: {bestEffortPods: inject}
`
const manifest = `# A finding, and each way to write a value.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
  annotations:
    "quoted": 'text'
    folded: >-
      some
      words
    script: |
      echo
spec:
  replicas: 2
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: app
        image: web:1
        args: ["--port", "80"]
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
  - port: 80
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
`

const folder = mkdtempSync(join(tmpdir(), 'pidguard-'))
try {
  writeFileSync(join(folder, 'web.yaml'), manifest)
  writeFileSync(join(folder, 'policy'), policy)
  await writeCompiled(resolve(import.meta.dirname, '../../../dist/validate-program.cjs'), async (loaded) => {
    const { run } = loaded as typeof import('./validate-program.ts')
    for (const flags of [[], ['--policy', join(folder, 'policy')], ['-o', 'github']]) {
      await run(['node', 'pidguard', 'validate', ...flags, folder])
    }
  })
} finally {
  rmSync(folder, { recursive: true })
}
