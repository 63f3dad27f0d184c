"""Words by which somebody wants no more messages, or wants them again. Pure."""

from __future__ import annotations

# What Twilio itself takes for it at a number with no settings of its own, saying nothing of it in the webhook. "Yes" is
# one of its words too, and an answer to half of all questions: it is no wish here.
STOPS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
STARTS = frozenset({"START", "UNSTOP"})
# Ours beside them: Twilio does not know these, so that we alone keep to them.
OURS = {"СТОП": "STOP", "СТАРТ": "START"}
# In a chat people end and cancel other things.
_IN_CHATS = frozenset({"STOP", "START", *OURS})


def wish_of(body: str, told: str, *, chat: bool) -> str:
    """STOP, START, HELP, or empty for a message like any other. `told` is Twilio's own word for it, which counts; else
    the whole of what was written has to be such a word."""
    if told:
        return told.upper()
    word = body.strip().strip(".!").upper()
    if chat and word not in _IN_CHATS:
        return ""
    return OURS.get(word) or ("STOP" if word in STOPS else "START" if word in STARTS else "")
