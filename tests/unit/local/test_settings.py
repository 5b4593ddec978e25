"""Ports: distinct, off the standard ones, and settable, with errors that name the variable."""

from dataclasses import asdict, fields

import pytest

from contracts.settings import SettingsError
from local.ports import Ports
from local.settings import LocalSettings

STANDARD_PORTS = {5432, 6123, 8081, 9092, 9093, 9101, 9102}


def test_default_ports_are_distinct_and_not_the_standard_ones() -> None:
    ports = asdict(Ports()).values()

    assert len(set(ports)) == len(ports)
    assert not STANDARD_PORTS.intersection(ports)


def test_every_port_has_a_variable_and_the_same_default() -> None:
    assert LocalSettings.load().ports() == Ports()
    assert set(LocalSettings.variables()) == {f"ISOBAR_LOCAL_{field.name}_PORT".upper() for field in fields(Ports)}


def test_a_variable_moves_its_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBAR_LOCAL_BROKER_PORT", "29092")

    assert LocalSettings.load().ports() == Ports(broker=29092)


def test_a_wrong_port_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBAR_LOCAL_POSTGRES_PORT", "80")

    with pytest.raises(SettingsError) as caught:
        LocalSettings.load()

    assert str(caught.value) == "ISOBAR_LOCAL_POSTGRES_PORT is '80': input should be greater than or equal to 1024"


def test_free_ports_are_distinct() -> None:
    ports = asdict(Ports.free()).values()

    assert len(set(ports)) == len(ports)
