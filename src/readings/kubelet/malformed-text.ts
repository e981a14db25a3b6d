/** What a kubelet answered is not what it should be, or more than any kubelet has to say. */
export class MalformedText extends Error {}
