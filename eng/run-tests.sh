# shellcheck shell=bash
# Sourced after common.sh by the scripts that run test executables. Counts add up over calls of run_tests.
passed=0 failed=0 skipped=0 broken=0
export TESTINGPLATFORM_TELEMETRY_OPTOUT=1

# run_tests NAME LOG COMMAND...: runs an MSTest executable, prints one line, and the output if something went wrong.
run_tests() {
  local name=$1 log=$2 started=${EPOCHREALTIME/[.,]/} code=0 p f s; shift 2
  printf '%-46s' "==> $name"
  "$@" --progress off --no-ansi >"$log" 2>&1 </dev/null || code=$?
  p=$(count succeeded "$log") f=$(count failed "$log") s=$(count skipped "$log")
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-6s %5s s  %d passed, %d failed, %d skipped\n' "$([ $code = 0 ] && echo ok || echo FAILED)" "$(seconds_since "$started")" "$p" "$f" "$s"
  if [ $code != 0 ]; then
    # A failed test is counted; no tests, a crash or a missing executable would not be.
    if [ "$f" = 0 ]; then
      broken=$((broken + 1))
      echo "    $([ $code = 8 ] && echo 'it ran no tests' || echo "it ended with exit code $code")"
    fi
    grep -vE '^skipped |^ *Assert\.Inconclusive' "$log" | tail -n 300 | sed 's/^/    /'
  fi
}

count() { sed -n "s/^ *$1: \([0-9]*\).*/\1/p" "$2" | tail -1 | grep . || echo 0; }

# summarise_tests: the closing line, and the exit code.
summarise_tests() {
  printf '%d passed, %d failed, %d skipped\n' "$passed" $((failed + broken)) "$skipped"
  [ $((failed + broken)) = 0 ]
}
