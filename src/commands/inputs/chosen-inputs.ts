import { AppError } from '../../errors.ts'
import { buildInputs } from '../../host/files/input-files.ts'
import { buildKustomization } from '../../host/files/kustomize.ts'
import type { Inputs } from '../../input/inputs.ts'
import { kustomizationNames } from '../../input/kustomization.ts'

/** How a person names what to read: arguments, or the flags of kubectl. */
export interface InputFlags {
  readonly filename?: readonly string[]
  readonly kustomize?: readonly string[]
  readonly exclude?: readonly string[]
  readonly skipOtherFiles?: boolean
}

export interface ChosenInputs {
  readonly paths: readonly string[]
  readonly inputs: Inputs
  /** Whether it is fine that nothing is there. */
  readonly mayBeEmpty: boolean
}

/** The inputs that arguments and flags name. Throws ERR_USAGE where they name none, or a kustomization does not build. */
export function chosenInputs(args: readonly string[], flags: InputFlags): ChosenInputs {
  const { filename = [], kustomize = [], exclude = [], skipOtherFiles = false } = flags
  const builds = new Map(
    kustomize.map((folder) => [
      `kubectl kustomize ${folder}`,
      { text: buildKustomization(folder), origin: `${folder.replace(/\/+$/, '')}/${kustomizationNames[0]}` }
    ])
  )
  const paths = [...args, ...filename, ...builds.keys()]
  if (paths.length === 0 && !skipOtherFiles) {
    throw new AppError(
      'ERR_USAGE',
      'expected files, folders, patterns, - for standard input, or -k FOLDER; found none',
      {
        remedy: 'Name what to read, as in pidguard validate manifests/.'
      }
    )
  }
  return { paths, inputs: buildInputs({ exclude, skipsOthers: skipOtherFiles, builds }), mayBeEmpty: skipOtherFiles }
}
