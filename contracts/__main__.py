"""`python -m contracts generate` writes what is derived from the contracts; `check` fails when a file is stale."""

import argparse
import sys
from pathlib import Path

from contracts import charts, docs, json_schema, python_types
from contracts.schema import RECORDS


def generated() -> dict[Path, str]:
    """Path and text of every generated file."""
    records = list(RECORDS.values())
    return {
        python_types.TARGET: python_types.module(records),
        docs.TARGET: docs.page(records),
        charts.TARGET: charts.catalogue(),
        **json_schema.files(records),
    }


def stale() -> list[Path]:
    """Generated files that differ from what the schemas say."""
    return [path for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text]


def main() -> int:
    """0 when all is up to date (after `generate`, always)."""
    parser = argparse.ArgumentParser(prog="python -m contracts", description=__doc__)
    parser.add_argument("verb", choices=("generate", "check"))
    verb = parser.parse_args().verb
    root = Path.cwd()
    for path in stale():
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        if verb == "check":
            print(f"{shown} is not what contracts/ says: run `make generate`", file=sys.stderr)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(generated()[path], "utf-8")
        print(f"wrote {shown}")
    return 1 if verb == "check" and stale() else 0


if __name__ == "__main__":
    sys.exit(main())
