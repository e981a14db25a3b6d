import { type Command, Option } from 'commander'
import { collect } from './options.ts'

/** The flags by which kubectl takes files: every verb that reads some takes them as well. */
export function addFileOptions(command: Command): void {
  command
    .addOption(new Option('-f, --filename <path>', 'the same as an argument, as for kubectl').argParser(collect))
    .option('-R, --recursive', 'accepted, as for kubectl: folders are always read with all below them')
}

export function kustomizeOption(): Option {
  return new Option('-k, --kustomize <folder>', 'read what kubectl kustomize builds of this folder').argParser(collect)
}

export function excludeOption(): Option {
  const description =
    'leave out files and folders: a name such as values*.yaml, or a path such as test/**; may be repeated'
  return new Option('--exclude <pattern>', description).argParser(collect)
}

export function skipOtherFilesOption(): Option {
  const description =
    'pass over named files without Kubernetes objects, as in a folder; for hooks that name what has changed'
  return new Option('--skip-other-files', description)
}

/** Of verbs that report findings; `does` is what it means where a verb prints something else. */
export function quietOption(does = 'print what makes the exit code, without notes, and nothing when it is 0'): Option {
  return new Option('-q, --quiet', does)
}

export function noColorOption(): Option {
  return new Option('--no-color', 'plain text on a terminal; so does the environment variable NO_COLOR')
}
