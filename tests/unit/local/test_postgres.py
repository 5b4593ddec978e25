"""Who runs Postgres when we are root, and what that user may pass."""

import pwd
from pathlib import Path

import pytest

from local import postgres
from local.child import Owner
from local.errors import StartError

NOBODY = Owner("nobody", 65534, 65534)
OPEN, CLOSED = Path("/usr"), 0o700


def test_open_folders_are_no_obstacle() -> None:
    assert not postgres.is_closed(OPEN, NOBODY)


def test_one_closed_folder_on_the_way_is_an_obstacle(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(CLOSED)

    assert postgres.is_closed(inner, NOBODY)


def test_only_closed_folders_need_the_right_to_pass(tmp_path: Path) -> None:
    tmp_path.chmod(CLOSED)

    assert not postgres.unprivileged_owner(OPEN).passes_closed_folders
    assert postgres.unprivileged_owner(OPEN, tmp_path).passes_closed_folders


def test_without_an_unprivileged_user_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_user(name: str) -> pwd.struct_passwd:
        raise KeyError(name)

    monkeypatch.setattr("pwd.getpwnam", no_such_user)

    with pytest.raises(StartError) as caught:
        postgres.unprivileged_owner(OPEN)

    assert str(caught.value) == (
        "Postgres cannot run as root and none of the users postgres, nobody exists: run as an ordinary user."
    )
