#!/usr/bin/env bash
# Says everything that is missing at once, each with its fix: Python here, the rest in local/prerequisites.py, which any
# Python can run.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
if ! python=$(scripts/find_python.sh); then
    missing=1
    echo "missing: Python 3.11 or 3.12 with venv: install it, e.g. \`apt install python3.11 python3.11-venv\` or \`brew install python@3.12\`" >&2
    python=$(type -P python3) || {
        echo "missing, perhaps: JDK 17 or 21, and Maven: they are looked for as soon as any Python is there" >&2
        exit 1
    }
fi
"$python" -m local.prerequisites || missing=1
exit $missing
