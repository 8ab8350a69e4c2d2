# How checks are run and summed up. Sourced after _setup.sh, never run.

# Run one named check; remember how it ended instead of stopping, so that one run shows all that is wrong.
SUMMARY=()
FAILED=0
check() {
  local name=$1 code=0 began=$SECONDS
  shift
  run "$@" || code=$?
  SUMMARY+=("$(printf '%-12s %-6s %4ss' "$name" "$([ "$code" = 0 ] && echo ok || echo FAILED)" "$((SECONDS - began))")")
  [ "$code" = 0 ] || FAILED=1
}

lint_and_types() {
  check ruff .venv/bin/ruff check .
  check format .venv/bin/ruff format --check .
  check types .venv/bin/basedpyright --threads 2
}

finish() {
  printf '\n'
  printf '%s\n' "${SUMMARY[@]}"
  exit "$FAILED"
}
