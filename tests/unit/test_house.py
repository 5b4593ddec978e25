"""Holds the house together: what one file promises about another stays true.

These are the drifts no other tool sees: a package that the type checker was never told of, a README command that no
longer exists, an import that works on a laptop and fails in the image that lacks the extra, a secret typed as text.
"""

import ast
import importlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts.settings import Settings

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
DEPLOYED = [name for name in PACKAGES if name != "tests"]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

MAX_MODULE_LINES = 400
"""Beyond this a module has more than one noun. The aim is 250; the limit leaves room for a table or a long query."""


def _modules(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---- every tool knows every package ----


def test_every_tool_covers_every_package() -> None:
    tool = PYPROJECT["tool"]
    layers = [name for layer in tool["importlinter"]["contracts"][0]["layers"] for name in layer.split(" | ")]

    assert sorted(tool["mypy"]["files"]) == PACKAGES
    assert sorted(tool["importlinter"]["root_packages"]) == PACKAGES
    assert sorted(layers) == PACKAGES
    assert sorted(tool["coverage"]["run"]["source"]) == DEPLOYED
    assert sorted(tool["setuptools"]["packages"]["find"]["include"]) == [f"{name}*" for name in DEPLOYED]


def test_every_data_file_is_installed_with_its_package() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    left_out = [
        _name(path)
        for package in DEPLOYED
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc", ".md", ".sh"}
        if not any(fnmatch(path.name, pattern.removeprefix("**/")) for pattern in patterns)
    ]

    assert left_out == [], "add their pattern to [tool.setuptools.package-data]"


def test_a_module_has_one_noun() -> None:
    lines = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _modules(*PACKAGES)}

    assert {name: count for name, count in lines.items() if count > MAX_MODULE_LINES} == {}, (
        "split: one module, one noun"
    )


# ---- what an image lacks is not imported in it ----


def _distributions(*extras: str) -> set[str]:
    project = PYPROJECT["project"]
    requirements = [*project["dependencies"]]
    for extra in extras:
        requirements += project["optional-dependencies"].get(extra) or PYPROJECT["dependency-groups"][extra]
    return {_normal(re.split(r"[\[=<>~! ;]", requirement)[0]) for requirement in requirements}


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def _imports(tree: ast.AST, *, inside_functions: bool) -> Iterator[str]:
    """Top-level names imported; blocks under `if TYPE_CHECKING` are never run and do not count."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not inside_functions:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]
        yield from _imports(node, inside_functions=inside_functions)


@pytest.mark.parametrize(
    ("package", "extras", "inside_functions"),
    [
        # contracts is in every image: at import it may use only what every image has.
        ("contracts", (), False),
        ("contracts", ("producer", "sinks"), True),
        ("producer", ("producer",), True),
        ("jobs", ("jobs",), True),
        ("sinks", ("sinks",), True),
        ("local", ("producer", "sinks", "local"), True),
        # scripts are in no image: they are the developer's.
        ("scripts", ("producer", "sinks", "local", "dev"), True),
    ],
)
def test_an_image_has_what_its_package_imports(package: str, extras: tuple[str, ...], inside_functions: bool) -> None:
    installed = packages_distributions()
    allowed = _distributions(*extras)
    # pydantic comes with pydantic-settings, which exists only to read its models.
    allowed |= {"pydantic"}
    missing = {
        f"{_name(path)} imports {name}"
        for path in _modules(package)
        for name in _imports(ast.parse(path.read_text("utf-8")), inside_functions=inside_functions)
        if name in installed and not allowed.intersection(map(_normal, installed[name]))
    }

    assert missing == set(), f"not among the dependencies of isobar{list(extras)}"


CLIENT_CLASSES = {"Producer", "Consumer", "AdminClient", "KafkaProducer", "KafkaConsumer", "KafkaAdminClient"}


def test_kafka_clients_are_built_in_one_place() -> None:
    """Elsewhere a client would choose its own partitioner, acks and security, and nobody would notice."""
    built = {
        f"{_name(path)} calls {ast.unparse(node.func)}"
        for path in _modules(*DEPLOYED)
        if _name(path) != "contracts/kafka.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in CLIENT_CLASSES
    }

    assert built == set(), "take it from contracts.kafka"


def test_nothing_listens_on_every_address() -> None:
    everywhere = {
        _name(path)
        for path in _modules(*DEPLOYED)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in ("0.0.0.0", "::")
    }

    assert everywhere == set(), "127.0.0.1, or a setting"


# ---- secrets ----

SECRET_WORDS = re.compile(r"password|secret|token|credential|api_key|(^|_)dsn$")
NOT_THE_SECRET_ITSELF = re.compile(r"_(location|file|path)$")


def _settings_classes() -> list[type[Settings]]:
    for package in DEPLOYED:
        if (ROOT / package / "settings.py").exists():
            importlib.import_module(f"{package}.settings")
    found, queue = [], [Settings]
    while queue:
        queue += (children := queue.pop().__subclasses__())
        found += children
    return sorted(found, key=lambda cls: cls.__name__)


def test_every_deployable_has_settings() -> None:
    modules = {cls.__module__ for cls in _settings_classes()}

    assert {f"{name}.settings" for name in ("producer", "jobs", "sinks")} <= modules


@pytest.mark.parametrize("cls", _settings_classes(), ids=lambda cls: cls.__name__)
def test_a_secret_is_typed_as_a_secret(cls: type[Settings]) -> None:
    """What is typed as text is printed by the first log line that shows the settings."""
    exposed = [
        cls.variable(name)
        for name, info in cls.model_fields.items()
        if SECRET_WORDS.search(name) and not NOT_THE_SECRET_ITSELF.search(name)
        if SecretStr.__name__ not in str(info.annotation)
    ]

    assert exposed == [], "type it SecretStr"


@pytest.mark.parametrize("cls", _settings_classes(), ids=lambda cls: cls.__name__)
def test_every_setting_says_what_it_is(cls: type[Settings]) -> None:
    """Error texts are made of the descriptions."""
    assert [variable for variable, description in cls.variables().items() if not description] == []


# ---- the lock ----


def test_the_lock_holds_the_pins_of_pyproject() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", lock, re.MULTILINE))
    project = PYPROJECT["project"]
    pins = [*project["dependencies"], *PYPROJECT["dependency-groups"]["dev"]]
    pins += [pin for extra in project["optional-dependencies"].values() for pin in extra]
    wanted = {re.sub(r"\[.*\]", "", name): version for name, _, version in (pin.partition("==") for pin in pins)}

    assert {name: locked.get(name) for name, version in wanted.items() if version} == {
        name: version for name, version in wanted.items() if version
    }, "run the command in CONTRIBUTING.md"


def test_the_lock_names_hashes_and_no_addresses() -> None:
    """docs/decisions/0007: what to install is locked, where from is the installer's affair."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]

    assert "://" not in lock
    assert [entry.split()[0] for entry in pinned if "--hash=sha256:" not in entry] == []


# ---- what the pages say ----


def _make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z][a-z0-9-]*):", makefile, re.MULTILINE))


def _code(text: str) -> str:
    """What a page sets as code, inline or as a block; prose may say `make sure`."""
    return "\n".join(re.findall(r"`[^`\n]+`|^ {4}.+$|^```[\s\S]*?^```", text, re.MULTILINE))


def test_make_help_lists_every_verb() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout)
    hidden = [verb for verb in _make_targets() if not re.search(rf"^ *{re.escape(verb)} ", plain, re.MULTILINE)]

    assert hidden == [], "give it a line in `make help`, or a name that begins with a dot"


@pytest.mark.parametrize("page", [*PAGES, ROOT / ".github/workflows/ci.yml", ROOT / ".ci/run"], ids=_name)
def test_commands_that_pages_name_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    code = _code(text) if page.suffix == ".md" else text
    verbs = {verb for words in re.findall(r"\bmake((?: [a-z][a-z-]*)+)", code) for verb in words.split()}
    modules = set(re.findall(r"python3? -m ([a-z_.]+)", code)) - {"venv", "pip"}

    assert verbs - _make_targets() == set(), "no such verb in the Makefile"
    assert {name for name in modules if not _runs(name)} == set(), "no such module"


def _runs(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    records = [path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")]

    assert [name for name in records if f"({name})" not in index] == []


def test_the_readme_is_one_screen() -> None:
    """A stranger reads one screen; what does not fit belongs to docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 80
