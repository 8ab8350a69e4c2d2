# What the scripts share: get uv, make .venv exactly as constraints.txt says, say what is run. Sourced, never run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Certificates as git and pip have them: uv's own list fails behind a proxy that signs for itself.
export UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true UV_NATIVE_TLS=true # the second is the older name

say() { printf '%s\n' "$*" >&2; }
run() { say "+ $*" && "$@"; }

find_python() {
  local name # the oldest supported one first: what works there works on the newer ones
  for name in python3.11 python3.12 python3.13 python3.14 python3 python; do
    PYTHON=$(command -v "$name" || true)
    "${PYTHON:-false}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
  done
  say "Python 3.11 or newer is needed and was not found on PATH."
  exit 1
}

# uv from PATH, else the pinned one by pip. --target needs no venv module, which some distributions leave out.
find_uv() {
  UV=$(command -v uv || true)
  [ -n "$UV" ] && return
  UV=$PWD/.cache/tools/bin/uv
  [ -x "$UV" ] && return
  mkdir -p .cache
  sed -n '/^uv==/,/[^\\]$/p' constraints.txt >.cache/uv.txt
  run "$PYTHON" -m pip install --quiet --target .cache/tools --require-hashes --no-deps --upgrade -r .cache/uv.txt
}

# First from the cache alone, so that no network is needed when nothing is new.
quietly_offline() {
  "$@" --offline --quiet 2>/dev/null || run "$@" --quiet
}

# Make .venv, unless the one there was made from the same pins and the same members.
prepare() {
  find_python
  find_uv
  local stamp
  stamp=$(cat constraints.txt pyproject.toml ./*/*/pyproject.toml | cksum)
  [ "$(cat .venv/made-from 2>/dev/null)" = "$stamp" ] && return
  [ -x .venv/bin/python ] || run "$UV" venv --quiet --python "$PYTHON" .venv
  export VIRTUAL_ENV=$PWD/.venv
  say "Installing the pinned dependencies and the workspace into .venv"
  quietly_offline "$UV" pip sync --require-hashes constraints.txt
  local editables=() file
  for file in packages/*/pyproject.toml shared/*/pyproject.toml servers/*/pyproject.toml; do
    editables+=(--editable "./$(dirname "$file")")
  done
  # The build backend is among the pins, so nothing unpinned is fetched to build the members.
  quietly_offline "$UV" pip install --no-deps --no-build-isolation "${editables[@]}"
  printf '%s' "$stamp" >.venv/made-from
}

# What no wheel brings: PACKAGE PROGRAM... One of the programs on PATH, else Debian's package where this user may install.
find_on_system() {
  local package=$1 program
  shift
  for program in "$@"; do
    command -v "$program" >/dev/null && return
  done
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    run apt-get -qq update || true
    DEBIAN_FRONTEND=noninteractive run apt-get -qq install --yes --no-install-recommends "$package" >/dev/null && return
  fi
  say "No $package was found on PATH; \`apt-get install $package\` brings it. What needs it is left out."
}

find_chromium() {
  find_on_system chromium-headless-shell chromium-headless-shell chromium chromium-browser google-chrome-stable \
    google-chrome microsoft-edge
}
