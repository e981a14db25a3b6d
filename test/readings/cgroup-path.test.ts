import t from 'tap'
import { placeOfCgroup, podOfContainer } from '../../src/readings/cgroup-path.ts'

const uid = '278bb920-8281-4ce9-a864-8d8a8158294a'
const systemdUid = uid.replaceAll('-', '_')
const hash = '1d4eaf22d49f4025a853e31591cc57ea'

const cases: [id: string, root: string | undefined, pod?: string][] = [
  ['/', undefined],
  ['/system.slice/kubelet.service', undefined],
  ['/kubepods', '/kubepods'],
  ['/kubepods/burstable', undefined],
  ['/kubepods/besteffort', undefined],
  [`/kubepods/pod${uid}`, '/kubepods', uid],
  [`/kubepods/burstable/pod${uid}`, '/kubepods', uid],
  [`/kubepods/besteffort/pod${hash}`, '/kubepods', hash],
  [`/kubepods/burstable/pod${uid}/fd3da04e191992a6`, undefined],
  ['/kubepods.slice', '/kubepods.slice'],
  ['/kubepods.slice/kubepods-burstable.slice', undefined],
  ['/kubepods.slice/kubepods-besteffort.slice', undefined],
  [`/kubepods.slice/kubepods-pod${systemdUid}.slice`, '/kubepods.slice', uid],
  [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${systemdUid}.slice`, '/kubepods.slice', uid],
  [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${hash}.slice`, '/kubepods.slice', hash],
  [`/kubepods.slice/kubepods-pod${systemdUid}.slice/cri-containerd-fd3d.scope`, undefined],
  ['/kubelet.slice/kubelet-kubepods.slice', '/kubelet.slice/kubelet-kubepods.slice'],
  [
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${systemdUid}.slice`,
    '/kubelet.slice/kubelet-kubepods.slice',
    uid
  ],
  [`/kubelet/kubepods/burstable/pod${uid}`, '/kubelet/kubepods', uid],
  // A cluster inside a pod: its pods are not ours.
  [`/kubepods/burstable/pod${uid}/abc/kubelet/kubepods/burstable/pod${hash}`, undefined],
  [`/kubepods/burstable/pod${uid}/abc/kubelet/kubepods`, undefined],
  ['/my-kubepods-backup', undefined],
  ['/kubepods/podium/pod1', undefined],
  ['/kubepods/burstable/notapod', undefined],
  ['kubepods', undefined]
]
for (const [id, root, pod] of cases) {
  t.test(id, async (t) => {
    const place = placeOfCgroup(id)
    t.equal(place?.root, root)
    t.equal(place?.pod, pod)
  })
}

t.test('the pod of a container, by both drivers; nothing else is a container', async (t) => {
  const systemd = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${systemdUid}.slice`
  for (const id of [
    `/kubepods/burstable/pod${uid}/crio-81e5`,
    `/kubepods/pod${uid}/fd3d`,
    `${systemd}/crio-81e5.scope`,
    `${systemd}/crio-81e5.scope/container`,
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${systemdUid}.slice/cri-containerd-1.scope`,
    `/docker/1a/kubelet/kubepods/burstable/pod${uid}/fd3d/kubepods/pod${hash}/1`
  ]) {
    t.equal(podOfContainer(id), uid, id)
  }
  for (const id of ['/', '/kubepods', systemd, `/kubepods/burstable/pod${uid}`, '/machine.slice/podman/1/kubepods/x']) {
    t.equal(podOfContainer(id), undefined, id)
  }
})
