#!/usr/bin/env bash
# What the action runs: annotations to the log, a table to the job summary, SARIF to a file; the exit code of validate.
set -u
options=(--output github --output "markdown=${GITHUB_STEP_SUMMARY:-/dev/null}" --output "sarif=$SARIF" --fail-on "$FAIL_ON")
[[ -z ${POLICY:-} ]] || options+=(--policy "$POLICY")
[[ -z ${BASELINE:-} ]] || options+=(--baseline "$BASELINE")
# One path a line, or several on one line; a line that is a path as a whole may hold spaces.
paths=()
while IFS= read -r line; do
  line="${line#"${line%%[![:space:]]*}"}" # without spaces in front
  line="${line%"${line##*[![:space:]]}"}" # and behind, a carriage return too
  if [[ -e $line ]]; then
    paths+=("$line")
  else
    read -ra words <<<"$line"
    paths+=(${words[@]+"${words[@]}"})
  fi
done <<<"$PATHS"
# What has changed may be any file, or none: what holds no Kubernetes object is passed over, and said.
exec node "$(dirname "$0")/../../dist/main.js" validate --skip-other-files "${options[@]}" -- ${paths[@]+"${paths[@]}"}
