import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { ControlPlane } from './control-plane.ts'
import { createAuthority } from './pki.ts'

interface Review {
  readonly request: {
    readonly uid: string
    readonly object: { readonly spec: { readonly containers: readonly object[] } }
  }
}

/** Somebody else's webhook, called after pidguard: adds a container to each new pod of namespaces labelled `meddled`. */
export async function startMeddler(
  plane: ControlPlane,
  container: { name: string; image: string }
): Promise<{ stop(): void }> {
  const authority = await createAuthority('meddler')
  const { certificate, key } = await authority.issue('meddler', ['127.0.0.1'])
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    const review = (await json(request)) as Review
    const isThere = review.request.object.spec.containers.some((each) => 'name' in each && each.name === container.name)
    const patch = isThere ? [] : [{ op: 'add', path: '/spec/containers/-', value: container }]
    const change = { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: review.request.uid, allowed: true, ...change }
      })
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const caBundle = Buffer.from(authority.certificate).toString('base64')
  const webhook = {
    name: 'meddle.example.com',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle },
    namespaceSelector: { matchLabels: { meddled: 'yes' } },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }]
  }
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    // Configurations are called in the order of their names.
    metadata: { name: 'zz-after-pidguard' },
    webhooks: [webhook]
  }
  await plane.kubectl.ok(['create', '--filename=-'], JSON.stringify(configuration))
  return {
    stop() {
      server.close()
      server.closeAllConnections()
    }
  }
}
