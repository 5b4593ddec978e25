"""That the provisioner, the first process of its container, ends when it is told to."""

import signal
import subprocess
import sys
from pathlib import Path

from local.paths import REPOSITORY


def test_sigterm_ends_it_with_success(tmp_path: Path) -> None:
    nowhere = tmp_path / "provision.json"
    argv = [sys.executable, "-m", "contracts.provision", str(nowhere), "--every-s=60"]
    with subprocess.Popen(argv, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # Its first complaint: from here on it waits to try again.
        assert "cannot be read" in process.stderr.readline()

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
