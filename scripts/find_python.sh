#!/usr/bin/env bash
# Prints the path of a Python 3.11 or 3.12 that really runs; exit code 1 if there is none.
# A name on the PATH proves nothing: a version manager's shim may exist for a version that is not installed.
set -euo pipefail

# venv and ensurepip are imported because some systems split them off into a package of their own.
check='
import ensurepip, sys, venv
if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    sys.exit(1)
print(sys.executable)'

while read -r candidate; do
    if "$candidate" -c "$check" 2>/dev/null; then
        exit 0
    fi
done < <(type -aP python3.11 python3.12 python3 || true)
exit 1
