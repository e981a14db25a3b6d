// Made by npm run docs.

/** What `pidguard --help` prints. */
export const helpText = `Usage: pidguard [options] [command]

Keeps Kubernetes nodes from running out of PIDs, and Calico alive when they nearly do.

Options:
  -V, --version                 output the version number
  -h, --help                    display help for command

Commands:
  serve [options]               Answer admission reviews of a kube-apiserver over HTTPS.
  controller [options]          Keep what one process keeps for all that serve: certificate, taints,
                                Calico, audits.
  try [options] [file...]       Show what kubectl apply of the files would meet at a running server.
  top [options] <subject>       Show who uses the PIDs (threads) of the nodes now, biggest first,
                                against both ceilings.
  recommend [options]           Recommend settings of kubelets and kernels, and what workloads
                                should declare, by what was seen over time.
  validate [options] [path...]  Check manifests as the webhook would, without a cluster: files,
                                folders, patterns, standard input.
  audit [options] [path...]     Report what breaks the policy in a cluster, which nodes are short of
                                PIDs, and what to do first.
  mutate [options] [path...]    Print manifests as the webhook would store them, comments and order
                                kept.
  rules [id]                    List the rules, or explain one.
  calico [options] [what]       Show for each node the iptables backend of Calico, what set it, what
                                Felix was seen to use, and what the node would need. Writes nothing,
                                except rollout --run.
  doctor [options]              Check whether an installation is sound, and say how to fix it.
                                Stores nothing.
  policy                        The policy document: its default, its schema, and whether a file is
                                one.
  emit [options]                Print the rules about objects as policies of the API server itself,
                                which cannot be down.
  version                       Print the version of pidguard, and of the Node that runs it.
  completion <shell>            Print a script that completes pidguard in a shell.
  help [command]                display help for command

Examples:
  pidguard validate manifests/
  pidguard validate --help

Exit codes:
  0  fine
  1  findings, or a denial
  2  a mistake in the call, or something could not be read
  3  a cluster, a server or a snapshot cannot be had
  4  nothing was found, but not all could be looked at`
