"""Log lines: one JSON object each (or plain text), always with the trace id, never with secrets or bodies."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from events.tracing import current_trace

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
# Only plain facts given with `extra=` are printed; a request or a socket object would drag in headers and cookies.
_PRINTABLE = (str, int, float, bool, type(None))
_SECRET_NAME = re.compile(r"password|secret|token|authorization|cookie|credential", re.I)
_SECRET_IN_TEXT = re.compile(
    r"(?i)\b(authorization:?\s+\w+|token|password|secret|api[_-]?key)(\s*[=:]?\s*)[^\s&\"',;]{6,}"
)
_CREDENTIALS_IN_URL = re.compile(r"(\w+://[^/\s:@]*):[^@\s/]+@")
# What opens something for whoever holds its address: invitations, surveys, ends of letters, webhooks' doors, pictures.
# Here and not where requests are logged: Django tells of refused and broken ones by itself, address and all.
_SECRET_IN_PATH = re.compile(
    r"(/invitation/|/survey/(?!open/)|/unsubscribe/|/reports/mailings/leave/|/profile/sessions/|/password/reset/key/|"
    r"/shops/hooks/|/hooks/(?!file/)[-\w]+/|/files/[-0-9a-fA-F]{32,36}/inline/)[^/\s?\"']+"
)


def redact(text: str) -> str:
    """The text without what looks like a credential."""
    text = _CREDENTIALS_IN_URL.sub(r"\1:***@", text)
    text = _SECRET_IN_PATH.sub(r"\1***", text)
    return _SECRET_IN_TEXT.sub(r"\1\2***", text)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    return {
        key: "***" if _SECRET_NAME.search(key) else redact(value) if isinstance(value, str) else value
        for key, value in vars(record).items()
        if key not in _STANDARD and isinstance(value, _PRINTABLE)
    }


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if trace := current_trace():
            line["trace"] = trace
        line |= _facts(record)
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """For people who read a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        facts = " ".join(f"{key}={value}" for key, value in _facts(record).items())
        trace = f"[{current_trace()}] " if current_trace() else ""
        text = f"{at} {record.levelname.lower():7} {record.name}: {trace}{redact(record.getMessage())} {facts}".rstrip()
        return f"{text}\n{redact(self.formatException(record.exc_info))}" if record.exc_info else text


def log_settings(*, form: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: everything to stderr, `json` or `text`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}, "text": {"()": TextFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True},
            "mail.log": {"level": "WARNING"},
            # At DEBUG it would print what it says to servers, and what they answer.
            "imapclient": {"level": "WARNING"},
            # Ticks come each second: of jobs only the trouble is worth a line.
            "celery": {"level": "WARNING"},
        },
    }
