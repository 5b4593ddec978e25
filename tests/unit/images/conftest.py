"""Programs that building an image runs, played by shell scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest

Play = Callable[[str, str], Path]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """An engine of this name that runs the script; nothing else is on the PATH but the shell's own tools."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, script: str) -> Path:
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/{name}.calls\n{script}\n')
        program.chmod(0o755)
        return tmp_path / f"{name}.calls"

    return make
