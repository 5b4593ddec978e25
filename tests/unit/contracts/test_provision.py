"""That the provisioner, the first process of its container, ends when it is told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from local.paths import REPOSITORY


def test_sigterm_ends_it_with_success(tmp_path: Path) -> None:
    nowhere = tmp_path / "provision.json"
    argv = [sys.executable, "-m", "contracts.provision", str(nowhere), "--every-s=60"]
    environment = {**os.environ, "ISOBAR_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    with subprocess.Popen(argv, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # Its first complaint, among those of the Kafka client: from here on it waits to try again.
        assert any("cannot be read" in line for line in process.stderr)

        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
