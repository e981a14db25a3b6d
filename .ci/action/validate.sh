#!/usr/bin/env bash
# What the action runs: annotations to the log, a table to the job summary, SARIF to a file; the exit code of validate.
set -u
options=(--output github --output "markdown=${GITHUB_STEP_SUMMARY:-/dev/null}" --output "sarif=$SARIF" --fail-on "$FAIL_ON")
[[ -z ${POLICY:-} ]] || options+=(--policy "$POLICY")
[[ -z ${BASELINE:-} ]] || options+=(--baseline "$BASELINE")
read -ra paths <<<"$PATHS"
exec node "$(dirname "$0")/../../dist/main.js" validate "${options[@]}" -- "${paths[@]}"
