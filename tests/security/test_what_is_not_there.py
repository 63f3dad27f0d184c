"""Some threats do not reach us because something is not there. Here it says so in a way that turns red on the day it
comes: then its row in docs/security.md is wrong, and this test is the place to begin."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from tests.helpdesk.test_layers import LEVEL, imports

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for app in LEVEL for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
CORRECT_ME = "docs/security.md is no longer right about this row"


def users_of(*modules: str) -> set[str]:
    """Files that import one of these, at any depth of their code."""
    found = set()
    for path in SOURCES:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        used = (one for _line, one in imports(path.read_text(), name))
        if any(one == module or one.startswith(f"{module}.") for one in used for module in modules):
            found.add(str(path.relative_to(ROOT)))
    return found


def names_in(path: Path) -> set[str]:
    """Every `X.Y` its code names."""
    return {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}


def locked() -> set[str]:
    """Python packages of the running system and what is built into its pages."""
    named = set(re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / "requirements" / "base.txt").read_text(), re.M))
    named |= set(re.findall(r'"node_modules/((?:@[\w.-]+/)?[\w.-]+)"', (ROOT / "package-lock.json").read_text()))
    return {name.lower() for name in named}


def routes() -> Iterator[str]:
    def walk(resolver: URLResolver, before: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            where = before + str(entry.pattern)
            if isinstance(entry, URLPattern):
                yield where
            else:
                yield from walk(entry, where)

    yield from walk(get_resolver(), "")


def test_row_6_no_mail_that_comes_in_becomes_an_agents_answer() -> None:
    """But out of an archive that the operator brings in: `ingest_sent`, for mails that are history."""
    writers = {
        path.name for path in (ROOT / "tickets" / "ingest").glob("*.py")
        if names_in(path) & {"MessageKind.OUTBOUND", "MessageKind.NOTE"} and "kind=MessageKind." in path.read_text()
    }  # fmt: skip
    assert writers <= {"sent.py"}, CORRECT_ME
    callers = {str(path.relative_to(ROOT)) for path in SOURCES if re.search(r"\bingest_sent\(", path.read_text())}
    assert callers == {"tickets/ingest/sent.py", "channels_inbound/inbound.py"}, CORRECT_ME
    assert "ours = historic and" in (ROOT / "channels_inbound" / "inbound.py").read_text(), CORRECT_ME
    actions = users_of("tickets.actions.replies", "tickets.actions.notes") & {
        str(path.relative_to(ROOT)) for path in SOURCES if path.parts[-2] in ("email", "ingest", "imap")
    }
    assert actions == set(), CORRECT_ME


def test_row_21_and_37_no_model_of_language_is_asked() -> None:
    """The bot's words are the shop's own articles; with a model the table of injections must grow first."""
    models = {
        "openai", "anthropic", "litellm", "langchain", "langchain-core", "llama-cpp-python", "llama-index", "transformers", "torch",
        "tensorflow", "onnxruntime", "ollama", "mistralai", "cohere", "google-generativeai", "google-genai", "vertexai",
        "sentence-transformers", "huggingface-hub", "tiktoken", "@anthropic-ai/sdk", "gpt4all", "spacy",
    }  # fmt: skip
    assert locked() & models == set(), CORRECT_ME
    asked = re.compile(
        r"api\.(openai|anthropic|mistral|cohere)\.|generativelanguage\.|/v1/chat/completions|bedrock-runtime"
    )
    assert [str(path) for path in SOURCES if asked.search(path.read_text())] == [], CORRECT_ME
    assert (
        users_of("people.http_client", "people.egress")
        & {str(path.relative_to(ROOT)) for path in SOURCES if path.parts[len(ROOT.parts)] == "assistant"}
        == set()
    ), CORRECT_ME


def test_row_24_no_archive_of_a_strangers_is_opened() -> None:
    readers = users_of(
        "zipfile", "tarfile", "py7zr", "rarfile", "gzip", "bz2", "lzma", "zlib.decompress", "zlib.decompressobj"
    )
    assert readers == {
        "channels_inbound/embedding.py", "metrics/pages/workbook.py", "privacy/contents.py", "privacy/exporting.py",  # write
        "helpdesk/backup/files.py",  # our own, sealed
    }, CORRECT_ME  # fmt: skip


def test_row_25_only_reports_are_rendered_as_pdf() -> None:
    """By a compiler that is given words as data: tests/security/test_report_paper.py."""
    assert users_of("typst") == {"metrics/mailing/paper.py"}, CORRECT_ME
    renderers = {
        "weasyprint",
        "reportlab",
        "fpdf",
        "fpdf2",
        "xhtml2pdf",
        "pdfkit",
        "borb",
        "pikepdf",
        "pypdf",
        "cairosvg",
        "wkhtmltopdf",
    }
    assert locked() & renderers == set(), CORRECT_ME
    assert [where for where in routes() if "pdf" in where] == ["reports/paper/<slug:report>.pdf"], CORRECT_ME
    telling = {str(path.relative_to(ROOT)) for path in SOURCES if '"application/pdf"' in path.read_text()}
    assert {path for path in telling if path.startswith("metrics/")} <= {
        "metrics/mailing/letter.py",
        "metrics/pages/paper.py",
    }
    started = users_of("subprocess")
    assert {path for path in started if not path.startswith(("helpdesk/runtime/", "helpdesk/backup/"))} <= STARTERS, (
        CORRECT_ME
    )


# What starts a program of ours, none of which renders anything.
STARTERS = {"channels_inbound/email/pool.py", "helpdesk/management/commands/services.py"}


def test_row_28_mails_carry_no_tracked_links() -> None:
    assert [where for where in routes() if re.search(r"\b(click|track|redirect|pixel|open\.gif)\b", where)] == [], (
        CORRECT_ME
    )


def test_row_40_links_of_guests_lead_to_few_pages() -> None:
    """Each new page that a token alone opens needs its purpose, its end, and a line in the table of the log."""
    opened = {where for where in routes() if re.search(r"<(str|slug):token>", where)}
    assert opened == {
        "survey/<str:token>/", "reports/mailings/leave/<str:token>/", "invitation/<str:token>/", "unsubscribe/<str:token>/",
    }, CORRECT_ME  # fmt: skip


def test_row_47_nobody_is_signed_in_by_a_header() -> None:
    assert not [one for one in settings.MIDDLEWARE if "RemoteUser" in one], CORRECT_ME
    assert not [one for one in settings.AUTHENTICATION_BACKENDS if "RemoteUser" in one], CORRECT_ME
    assert not [path for path in SOURCES if re.search(r"REMOTE_USER|HTTP_X_(REMOTE|FORWARDED)_USER", path.read_text())]
    assert settings.USE_X_FORWARDED_HOST is False, CORRECT_ME


def test_row_52_no_log_can_be_read_on_a_page() -> None:
    assert [where for where in routes() if re.search(r"(^|/)(logs?|debug|phpinfo|admin)(/|$)", where)] == [
        "calls/log/"
    ], CORRECT_ME
    assert not {"django.contrib.admin", "debug_toolbar", "silk"} & set(settings.INSTALLED_APPS), CORRECT_ME


@pytest.mark.parametrize("module", ["pickle", "marshal", "shelve", "yaml"])
def test_nothing_that_runs_what_it_reads_is_used(module: str) -> None:
    assert users_of(module) == set()
