import { emit } from '../emit/emit.ts'
import { renderEmitted } from '../emit/render.ts'
import { readFilePolicy } from '../host/policy-once.ts'
import { print } from '../host/stdout.ts'
import { newestMinor } from '../kubernetes/server-version.ts'
import { policyRules } from '../rules/index.ts'

export interface EmitFlags {
  readonly policy?: string
  readonly kubernetesVersion?: number
  readonly fallback?: boolean
  /** commander's way of `--no-limit-ranges`: false where it is given. */
  readonly limitRanges: boolean
  readonly fillPods?: boolean
  readonly static?: 'validating' | 'mutating'
}

/** `pidguard emit`. Throws ERR_POLICY_INVALID and ERR_USAGE. */
export async function runEmit(flags: EmitFlags): Promise<void> {
  const policy = await readFilePolicy(flags.policy, policyRules)
  const options = {
    server: flags.kubernetesVersion ?? newestMinor,
    fallback: flags.fallback ?? false,
    noLimitRanges: !flags.limitRanges,
    fillPods: flags.fillPods ?? false,
    static: flags.static
  }
  print(renderEmitted(emit(policy, policyRules, options, Date.now()), commandOf(flags)))
}

function commandOf({ policy, kubernetesVersion, fallback, limitRanges, fillPods, static: files }: EmitFlags): string {
  return [
    'pidguard emit',
    ...(policy === undefined ? [] : [`--policy ${policy}`]),
    ...(kubernetesVersion === undefined ? [] : [`--kubernetes-version 1.${kubernetesVersion}`]),
    ...(fallback === true ? ['--fallback'] : []),
    ...(limitRanges ? [] : ['--no-limit-ranges']),
    ...(fillPods === true ? ['--fill-pods'] : []),
    ...(files === undefined ? [] : [`--static ${files}`])
  ].join(' ')
}
