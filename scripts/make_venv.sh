#!/usr/bin/env bash
# Makes .venv hold exactly requirements.lock, every file checked against its hash.
# pip installs uv alone, by the pin and hashes in the lock; uv installs the rest in a third of pip's time.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
    python=$(scripts/find_python.sh) || {
        echo "Python 3.11 or 3.12 with venv was not found: install it, e.g. \`apt install python3.11 python3.11-venv\`" >&2
        exit 1
    }
    "$python" -m venv --clear .venv
fi
if ! .venv/bin/uv --version >/dev/null 2>&1; then
    pin=$(mktemp)
    trap 'rm -f "$pin"' EXIT
    sed -n '/^uv==/,/[^\\]$/p' requirements.lock >"$pin"
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pin"
fi
echo "installing requirements.lock into .venv"
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
