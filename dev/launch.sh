# Runs the command that this file was sourced by (dev/run, dev/test, dev/lint, dev/bench)
# with the first Python that really runs; where there is none, Debian's is installed.
set -eu
dev=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

find_python() {
    for python in "${PYTHON:-python3}" python3 python3.12 /usr/bin/python3; do
        # a version manager's shim may exist and not run: only running it tells
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            return 0
        fi
    done
    return 1
}

if ! find_python; then
    echo "No Python 3.10 or later: installing Debian's python3" >&2
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -q >/dev/null
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends python3 python3-venv >/dev/null
    find_python || { echo "python3 was installed, yet it does not run" >&2; exit 1; }
fi
exec "$python" "$dev/main.py" "$(basename -- "$0")" "$@"
