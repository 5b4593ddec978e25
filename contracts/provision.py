"""`python -m contracts.provision FILE` makes a broker's users, rights and topics what a file says, and keeps them so.

For brokers without an operator. It runs beside the evaluation broker, over a listener that only their pod can reach:
so passwords change when the Secret they are mounted from does, without a restart and without knowing the old one; and
as the pod is not ready before the first success, no client ever meets a broker without its topics.
Users and topics that the file does not name are left alone; rights of a user that it names are replaced.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.kafka import ADMIN_TIMEOUT_S, confluent_admin, create_topics
from contracts.settings import KafkaSettings, SettingsError
from contracts.topics import Topic

if TYPE_CHECKING:
    from confluent_kafka.admin import AclBinding, AdminClient

ITERATIONS = 8192
"""PBKDF2 rounds of a stored password; Kafka's own tools take 8192 for SCRAM-SHA-512 where 4096 is the least allowed."""


class ProvisionError(Exception):
    """The file cannot be applied; the text says what of it."""


def read(path: Path) -> dict[str, Any]:
    """The file: topics (name, partitions, config), replication, users (passwordFile, acls).

    Raises:
        ProvisionError: it cannot be read or is not the JSON object expected.
    """
    try:
        wanted = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProvisionError(f"'{path}' cannot be read: {error}; expected JSON with topics and users") from None
    missing = {"topics", "replication", "users"} - set(wanted)
    if missing:
        raise ProvisionError(f"'{path}' lacks {', '.join(sorted(missing))}: expected topics, replication and users")
    return dict(wanted)


def topics(wanted: Mapping[str, Any]) -> list[Topic]:
    """The file's topics as the catalogue's type."""
    return [
        Topic(
            t["name"],
            "",
            partitions=int(t["partitions"]),
            cleanup_policy=t["config"]["cleanup.policy"],
            retention_ms=int(t["config"].get("retention.ms", 0)),
        )
        for t in wanted["topics"]
    ]


def bindings(user: str, acls: Iterable[Mapping[str, Any]]) -> "list[AclBinding]":
    """A user's rights, one binding per operation."""
    from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

    kinds = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "transactionalId": ResourceType.TRANSACTIONAL_ID,
    }
    patterns = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}
    return [
        AclBinding(
            kinds[rule["resource"]["type"]],
            rule["resource"]["name"],
            patterns[rule["resource"]["patternType"]],
            f"User:{user}",
            "*",
            AclOperation[operation.upper()],
            AclPermissionType.ALLOW,
        )
        for rule in acls
        for operation in rule["operations"]
    ]


def _finish(futures: Iterable["Future[Any]"]) -> None:
    for future in futures:
        future.result(ADMIN_TIMEOUT_S)


def _password(path: Path) -> str:
    try:
        password = path.read_text("utf-8").strip()
    except OSError as error:
        raise ProvisionError(f"the password file '{path}' cannot be read ({error.strerror})") from None
    if not password:
        raise ProvisionError(f"the password file '{path}' is empty: expected the user's password")
    return password


class Provisioner:
    """Applies a file; a password is set again only when it is another than the last time."""

    def __init__(self, admin: "AdminClient", say: Callable[[str], None]) -> None:
        self._admin, self._say = admin, say
        self._passwords: dict[str, str] = {}

    def apply(self, wanted: Mapping[str, Any]) -> None:
        """Topics, then users, then rights.

        Raises:
            ProvisionError: a password file is missing or empty.
            confluent_kafka.KafkaException: the broker refused something.
        """
        for name in create_topics(self._admin, topics(wanted), int(wanted["replication"])):
            self._say(f"created topic {name}")
        for user, declared in wanted["users"].items():
            self._set_password(user, _password(Path(declared["passwordFile"])))
            self._set_rights(user, declared["acls"])

    def _set_password(self, user: str, password: str) -> None:
        from confluent_kafka.admin import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

        if self._passwords.get(user) == password:
            return
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
        change = UserScramCredentialUpsertion(user, info, password.encode())
        _finish(self._admin.alter_user_scram_credentials([change]).values())
        self._passwords[user] = password
        self._say(f"set the password of {user}")

    def _set_rights(self, user: str, acls: Iterable[Mapping[str, Any]]) -> None:
        from confluent_kafka.admin import (
            AclBindingFilter,
            AclOperation,
            AclPermissionType,
            ResourcePatternType,
            ResourceType,
        )

        whatever: Any = None  # the annotations want text, though None is how a filter says any
        own = AclBindingFilter(
            ResourceType.ANY,
            whatever,
            ResourcePatternType.ANY,
            f"User:{user}",
            whatever,
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        wanted = set(bindings(user, acls))
        found = set(self._admin.describe_acls(own).result(ADMIN_TIMEOUT_S))
        if wanted - found:
            _finish(self._admin.create_acls(list(wanted - found)).values())
        for binding in found - wanted:
            exactly = AclBindingFilter(
                binding.restype,
                binding.name,
                binding.resource_pattern_type,
                binding.principal,
                binding.host,
                binding.operation,
                binding.permission_type,
            )
            _finish(self._admin.delete_acls([exactly]).values())
        if wanted != found:
            self._say(f"{user}: {len(wanted - found)} rights given, {len(found - wanted)} taken")


def main(arguments: list[str] | None = None) -> int:
    """0 after `--once`; 1 when the file could not be applied; 2 for wrong settings."""
    from confluent_kafka import KafkaException

    parser = argparse.ArgumentParser(prog="python -m contracts.provision", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--every-s", type=float, default=30.0, help="seconds between two looks")
    parser.add_argument("--once", action="store_true", help="apply it once; retry until --timeout-s")
    parser.add_argument("--timeout-s", type=float, default=120.0, help="how long the first success may take")
    parser.add_argument("--done-file", type=Path, help="made after the first success: what a probe looks for")
    options = parser.parse_args(arguments)

    def say(text: str) -> None:
        print(text, flush=True)

    # A container's first process ignores SIGTERM unless it says otherwise, and would hold its pod for the whole grace.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        provisioner = Provisioner(confluent_admin(KafkaSettings.load()), say)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    deadline, done = time.monotonic() + options.timeout_s, False
    while True:
        try:
            provisioner.apply(read(options.file))
        except (ProvisionError, KafkaException, TimeoutError) as error:
            print(f"error: {str(error) or 'the broker did not answer in time'}", file=sys.stderr, flush=True)
            if not done and time.monotonic() > deadline:
                return 1
            time.sleep(min(2.0, options.every_s))
            continue
        if not done:
            say("topics, users and rights are as the file says")
            if options.done_file:
                options.done_file.touch()
        done = True
        if options.once:
            return 0
        time.sleep(options.every_s)


if __name__ == "__main__":
    sys.exit(main())
