import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Compiles the program that holds threads. Needs gcc and a static libc. */
export function compileThreads(folder: string): string {
  const program = join(folder, 'threads')
  const source = new URL('threads.c', import.meta.url).pathname
  execFileSync('gcc', ['-O2', '-static', '-pthread', '-o', program, source])
  return program
}

/** Writes an OCI image archive that holds one static program, for `ctr images import`. */
export function writeImage(folder: string, name: string, program: string): string {
  const root = join(folder, 'image')
  const blobs = join(root, 'oci', 'blobs', 'sha256')
  mkdirSync(join(root, 'layer'), { recursive: true })
  mkdirSync(blobs, { recursive: true })
  copyFileSync(program, join(root, 'layer', 'app'))
  execFileSync('chmod', ['755', join(root, 'layer', 'app')])
  const layerFile = join(root, 'layer.tar')
  execFileSync('tar', ['--owner=0', '--group=0', '--mtime=@0', '-C', join(root, 'layer'), '-cf', layerFile, 'app'])
  const keep = (content: Buffer | string) => {
    const digest = createHash('sha256').update(content).digest('hex')
    writeFileSync(join(blobs, digest), content)
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(content) }
  }
  const oci = 'application/vnd.oci.image'
  const layer = keep(readFileSync(layerFile))
  const config = keep(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/app'] },
      rootfs: { type: 'layers', diff_ids: [layer.digest] }
    })
  )
  const manifest = keep(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${oci}.manifest.v1+json`,
      config: { mediaType: `${oci}.config.v1+json`, ...config },
      layers: [{ mediaType: `${oci}.layer.v1.tar`, ...layer }]
    })
  )
  writeFileSync(
    join(root, 'oci', 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        { mediaType: `${oci}.manifest.v1+json`, ...manifest, annotations: { 'io.containerd.image.name': name } }
      ]
    })
  )
  writeFileSync(join(root, 'oci', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const archive = join(folder, 'image.tar')
  execFileSync('tar', ['-C', join(root, 'oci'), '-cf', `${archive}.new`, 'oci-layout', 'index.json', 'blobs'])
  renameSync(`${archive}.new`, archive)
  if (statSync(archive).size === 0) throw new Error(`${archive} is empty`)
  return archive
}
