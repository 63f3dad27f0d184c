"""Where channels take their HTTP client from."""

from people.http_client import Answer, HttpClient, TooLarge, Unanswered, Unreachable, parsed

__all__ = ["Answer", "HttpClient", "TooLarge", "Unanswered", "Unreachable", "parsed"]
