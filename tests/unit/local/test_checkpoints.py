"""A job goes on from the newest whole state, never from half of one."""

import os
from pathlib import Path

from local.checkpoints import newest_state


def state(folder: Path, written_at_s: int, *, whole: bool = True) -> Path:
    folder.mkdir(parents=True)
    if whole:
        (folder / "_metadata").touch()
        os.utime(folder / "_metadata", (written_at_s, written_at_s))
    return folder


def test_no_state_is_a_first_start(tmp_path: Path) -> None:
    assert newest_state(tmp_path / "absent") is None


def test_an_unfinished_checkpoint_is_passed_over(tmp_path: Path) -> None:
    whole = state(tmp_path / "run-1" / "chk-7", 100)
    state(tmp_path / "run-1" / "chk-8", 200, whole=False)

    assert newest_state(tmp_path) == whole


def test_the_newest_of_all_runs_counts_not_the_highest_number(tmp_path: Path) -> None:
    state(tmp_path / "run-1" / "chk-90", 100)
    newest = state(tmp_path / "run-2" / "chk-3", 200)

    assert newest_state(tmp_path) == newest


def test_a_savepoint_is_a_state_like_any_other(tmp_path: Path) -> None:
    state(tmp_path / "run-1" / "chk-9", 100)
    savepoint = state(tmp_path / "savepoints" / "savepoint-ab-cd", 200)

    assert newest_state(tmp_path) == savepoint
