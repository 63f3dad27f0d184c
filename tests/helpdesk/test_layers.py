"""The house stands only while imports and foreign keys point downward; this says which file broke it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField, OneToOneField

from scripts.sizes import too_long

ROOT = Path(__file__).resolve().parents[2]
LAYERS = [
    {"events"},
    {"people"},
    {"tickets", "knowledge"},
    {"channels_inbound", "commerce"},
    {"metrics", "assistant", "livechat"},
    {"privacy"},
    {"helpdesk"},
]
LEVEL = {app: level for level, layer in enumerate(LAYERS) for app in layer}
FORBIDDEN_NAMES = {"core", "common", "utils"}


def may_use(user: str, used: str) -> bool:
    """Whether code of one app may name the other: itself, or a lower layer; never a sibling, never upward."""
    return user == used or LEVEL[used] < LEVEL[user]


def imports(source: str, module: str, *, package: bool = False) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything a module imports, at any depth of its code.

    The names imported *from* a package count too: `from tickets import models` reaches tickets.models. Django's
    `import_module` and `import_string` with a literal are imports as well.
    """
    inside = module.split(".") if package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = inside[: len(inside) - node.level + 1] if node.level else []
            base = [*parent, *(node.module.split(".") if node.module else [])]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "import_string", "find_spec"):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield node.lineno, argument.value


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def broken_imports(root: Path) -> list[str]:
    """One line for each import that goes upward or to a sibling."""
    found = []
    for app in LEVEL:
        for path in sorted((root / app).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            package = parts[-1] == "__init__"
            module = ".".join(parts[:-1] if package else parts)
            for line, name in imports(path.read_text(), module, package=package):
                used = name.split(".")[0]
                if used in LEVEL and not may_use(app, used):
                    found.append(f"{path.relative_to(root)}:{line} imports {name}")
    return found


def test_imports_point_downward_and_never_to_a_sibling() -> None:
    assert broken_imports(ROOT) == []


def test_foreign_keys_point_downward() -> None:
    found = []
    for model in apps.get_models(include_auto_created=True):
        user = model._meta.app_label
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignKey | OneToOneField | ManyToManyField) or user not in LEVEL:
                continue
            used = field.related_model._meta.app_label
            if used in LEVEL and not may_use(user, used):
                found.append(f"{model.__module__}.{model.__name__}.{field.name} points to {used}")
    assert found == []


def test_apps_do_not_name_higher_tables_in_their_sql() -> None:
    """Hand-written SQL can reach past an import; a table is named after its app."""
    found = []
    for app, level in LEVEL.items():
        foreign = tuple(f"{other}_" for other in LEVEL if other != app and LEVEL[other] >= level)
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                    continue
                words = node.value.replace('"', " ").replace("(", " ").replace(".", " ").split()
                previous = ""
                for word in words:
                    if previous.upper() in ("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ON") and word.startswith(
                        foreign
                    ):
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno} uses table {word}")
                    previous = word
    assert found == []


def test_every_app_of_ours_has_its_layer() -> None:
    ours = {config.label for config in apps.get_app_configs() if Path(config.path).parent == ROOT}
    assert ours <= set(LEVEL)
    assert not ours & FORBIDDEN_NAMES


@pytest.mark.parametrize(
    ("app", "line", "broken"),
    [
        ("tickets", "import people.models", False),
        ("tickets", "from events.ledger import record_event", False),
        ("tickets", "from . import models", False),
        ("tickets", "from .. import metrics", True),
        ("tickets", "import channels_inbound.raw", True),
        ("tickets", "from channels_inbound import raw", True),
        ("tickets", "def f():\n    import knowledge.models", True),
        ("tickets", "if TYPE_CHECKING:\n    from metrics import sla", True),
        ("people", "from helpdesk.settings import DEBUG", True),
        ("people", "import_module('tickets.models')", True),
        ("commerce", "from channels_inbound import models", True),
        ("metrics", "import assistant", True),
        ("metrics", "import commerce.orders", False),
        ("helpdesk", "import assistant, metrics, events", False),
    ],
)
def test_the_rule_itself(tmp_path: Path, app: str, line: str, broken: bool) -> None:
    folder = tmp_path / app
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "some.py").write_text(line + "\n")
    assert bool(broken_imports(tmp_path)) is broken


# What talks to another machine by itself. Everything else asks `people.http_client` or `people.egress`, which judge each
# address, or it would be a way into our own network (threat 29).
CLIENTS = (
    "urllib.request", "http.client", "requests", "httpx", "aiohttp", "urllib3", "httplib2", "pycurl", "smtplib", "imaplib",
    "poplib", "ftplib", "telnetlib", "xmlrpc.client", "paramiko", "websockets", "socket.create_connection", "boto3",
    "botocore",
)  # fmt: skip
TALKERS = {
    "people/egress.py": "the guard itself",
    "people/http_client.py": "by the guard's connections",
    "channels_inbound/imap/oauth.py": "by the guard's connections",
    "channels_inbound/imap/connection.py": "mailboxes, by the guard's connections",
    "channels_inbound/email/smtp_socket.py": "outgoing servers, by the guard's connections",
    "channels_inbound/email/send.py": "names of errors; connects by smtp_socket",
    "channels_inbound/submit.py": "names of errors; connects by smtp_socket",
    "metrics/mailing/sending.py": "names of errors",
    "channels_inbound/alarms.py": "names of errors",
    "helpdesk/vitals.py": "its own listener",
    "helpdesk/environment.py": "the store of files that the operator set",
    "helpdesk/doctor/given.py": "whether the metadata service could be reached",
    "helpdesk/runtime/up.py": "its own processes",
    "helpdesk/runtime/probe.py": "its own process",
}


def talkers(root: Path) -> set[str]:
    found = set()
    for app in LEVEL:
        for path in (root / app).rglob("*.py"):
            source = path.read_text()
            named = {name for _line, name in imports(source, ".".join(path.relative_to(root).with_suffix("").parts))}
            named |= {"socket.create_connection"} if "socket.create_connection(" in source else set()
            if any(name == client or name.startswith(f"{client}.") for name in named for client in CLIENTS):
                found.add(str(path.relative_to(root)))
    return found


def test_nobody_talks_to_another_machine_past_the_guard() -> None:
    assert talkers(ROOT) == set(TALKERS)


@pytest.mark.parametrize(
    "line", ["import requests", "from urllib import request", "from http.client import HTTPSConnection", "import httpx as x",
             "import socket\nsocket.create_connection(('a', 1))", "import_module('urllib.request')"],
)  # fmt: skip
def test_a_new_way_out_is_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "some.py").write_text(f"{line}\n")
    assert talkers(tmp_path) == {"tickets/some.py"}


def test_functions_and_files_stay_short() -> None:
    assert list(too_long(ROOT)) == []


def test_settings_stay_under_300_lines() -> None:
    assert (ROOT / "helpdesk" / "settings.py").read_text().count("\n") < 300
