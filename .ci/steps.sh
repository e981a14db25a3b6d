# The steps of .ci/run: each runs a command, shows what it prints and counts whether it succeeded. Sourced, not run.
passed=0 failed=0
failures=() flaky=()
printed=$(mktemp -d)
running=
trap '[[ -z $running ]] || kill "$running"; rm -rf "$printed"' EXIT

# attempt NAME COMMAND…: runs a command and shows what it prints, which is kept under that name.
attempt() {
  local name=$1 code
  shift
  # There before tail looks for it.
  : >"$printed/$name"
  # Not through a pipe: that would wait for whatever a failed test left running.
  "$@" </dev/null >"$printed/$name" 2>&1 &
  running=$!
  tail -n +1 -f --pid="$running" "$printed/$name"
  wait "$running"
  code=$?
  running=
  return "$code"
}

count() {
  if (($2 == 0)); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    failures+=("$1")
    printf '!!! %s failed\n' "$1"
  fi
}

step() {
  printf '\n=== %s\n' "$1"
  attempt "$@"
  count "$1" $?
}

# step_again NAME COMMAND…: as a step, of test files run one after the other. Each file that fails is run once more, alone: the
# command gets its name in TEST_FILES. The step passes if each of them then does, and they are named as flaky at the end.
step_again() {
  local name=$1 file code
  local -a files again=()
  shift
  printf '\n=== %s\n' "$name"
  attempt "$name" "$@"
  code=$?
  if ((code != 0)); then
    mapfile -t files < <(sed -nE 's/^not ok [0-9]+ - (test\/[^ ]+\.ts).*/\1/p' "$printed/$name" | sort -u)
    # Without the name of a file something else went wrong: the build, or what the tests need.
    ((${#files[@]} == 0)) || code=0
    for file in ${files[@]+"${files[@]}"}; do
      printf '\n--- %s failed; once more, alone\n' "$file"
      if attempt "${file##*/}" env TEST_FILES="$file" "$@"; then again+=("$file"); else code=1; fi
    done
    for file in ${again[@]+"${again[@]}"}; do flaky+=("$name: $file"); done
  fi
  count "$name" "$code"
}

# step_twice NAME COMMAND…: as a step; a command that fails is run once more, and named as flaky if it then passes.
step_twice() {
  local name=$1 code
  shift
  printf '\n=== %s\n' "$name"
  attempt "$name" "$@"
  code=$?
  if ((code != 0)); then
    printf '\n--- it failed; once more\n'
    if attempt "$name, once more" "$@"; then
      flaky+=("$name: it")
      code=0
    fi
  fi
  count "$name" "$code"
}

skip() { printf '\n=== %s: skipped, %s\n' "$1" "$2"; }

# What a step printed of its failure: assertions that do not hold, with the lines after them, else its last lines.
essence() {
  local lines
  lines=$(grep -E -A 16 '^ *(not ok|DOES NOT HOLD)' "$1" | cut -c1-240 | head -n 90)
  if [[ -n $lines ]]; then printf '%s\n' "$lines"; else tail -n 40 "$1" | cut -c1-240; fi
}

# What failed and what is flaky, then the one line of the verdict. Fails when a step did.
verdict() {
  local name
  for name in ${failures[@]+"${failures[@]}"}; do
    printf '\nfailed: %s\n' "$name"
    essence "$printed/$name"
  done
  for name in ${flaky[@]+"${flaky[@]}"}; do
    printf '\nflaky: %s failed, and passed when it was run once more, alone\n' "$name"
    [[ " ${failures[*]-} " == *" ${name%%: *} "* ]] || essence "$printed/${name%%: *}"
  done
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}
