"""How the Java functions are compiled: once for the same sources, to the same bytes, and loudly when they are wrong."""

import zipfile
from pathlib import Path

import pytest

from local import functions, maven
from local.errors import StartError

GOOD = """package small;

public final class Small {
    private Small() {}

    public static int one() {
        return 1;
    }
}
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one source there is; the cache is empty."""
    file = tmp_path / "java" / "small" / "Small.java"
    file.parent.mkdir(parents=True)
    file.write_text(GOOD)
    services = tmp_path / "java" / "META-INF" / "services"
    services.mkdir(parents=True)
    (services / "small.Factory").write_text("small.Small\n")
    monkeypatch.setattr(functions, "SOURCES", tmp_path / "java")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return file


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Counts compilations instead of running them: each leaves one class."""
    compiled: list[Path] = []

    def compile_(classes: Path) -> None:
        compiled.append(classes)
        classes.mkdir(parents=True)
        (classes / "Small.class").write_bytes(b"compiled")

    monkeypatch.setattr(functions, "_compile", compile_)
    return compiled


def test_a_source_that_does_not_compile_is_told_with_the_compilers_own_words(source: Path) -> None:
    source.write_text(GOOD.replace("return 1;", 'return "one";'))

    with pytest.raises(StartError) as refused:
        functions.jar()

    first, _, rest = str(refused.value).partition("\n")
    assert first == f"The functions in {source.parents[1]} could not be compiled:"
    assert f"{source}:7: error: incompatible types: String cannot be converted to int" in rest


def test_a_warning_is_an_error(source: Path) -> None:
    source.write_text(GOOD.replace("return 1;", "java.util.List list = null; return list == null ? 1 : 0;"))

    with pytest.raises(StartError, match=r"\[rawtypes\]"):
        functions.jar()


def test_the_same_sources_make_the_same_bytes(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = functions.jar()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    second = functions.jar()

    assert first != second
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as packed:
        assert packed.namelist() == ["META-INF/services/small.Factory", "small/Small.class"]


@pytest.mark.usefixtures("source")
def test_it_is_compiled_once(no_compiler: list[Path]) -> None:
    assert functions.jar() == functions.jar()

    assert len(no_compiler) == 1
    assert not no_compiler[0].exists(), "nothing is left behind"


def test_an_edited_source_is_compiled_again(source: Path, no_compiler: list[Path]) -> None:
    before = functions.jar()
    source.write_text(GOOD.replace("1", "2"))
    after = functions.jar()
    source.rename(source.with_name("Other.java"))

    assert len({before, after, functions.jar()}) == 3
    assert len(no_compiler) == 3


@pytest.mark.usefixtures("source", "no_compiler")
def test_another_flink_is_another_jar(monkeypatch: pytest.MonkeyPatch) -> None:
    before = functions.jar()
    monkeypatch.setattr("importlib.metadata.version", lambda _: "9.9.9")

    assert functions.jar() != before


@pytest.mark.usefixtures("source", "no_compiler")
def test_connectors_are_the_fetched_jars_and_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = tmp_path / "flink-0123456789ab"
    fetched.mkdir()
    (fetched / "kafka.jar").write_bytes(b"kafka")
    monkeypatch.setattr(maven, "fetch", lambda _: fetched)

    folder = functions.connectors()

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "kafka.jar": b"kafka",
        functions.JAR_NAME: functions.jar().read_bytes(),
    }
    assert functions.connectors() == folder


def test_sources_of_the_project_are_found() -> None:
    assert "ReadJson.java" in {source.name for source in functions.sources()}
