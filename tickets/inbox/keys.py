"""The keyboard of the inbox: what each key does. Tooltips, the help dialog and the palette take theirs from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A command and the keys that run it, one after the other; `also` is another single key that does."""

    group: str
    command: str
    keys: str
    also: str = ""

    @property
    def words(self) -> str:
        """The name of its words in `strings`."""
        name = self.command.replace("-", "_")
        return name if name.startswith("view_") and name != "view_new" else f"cmd_{name}"


# In the order of the help dialog.
KEYS = (
    Key("keys_list", "next", "J", "ArrowDown"),
    Key("keys_list", "previous", "K", "ArrowUp"),
    Key("keys_list", "open", "O"),
    Key("keys_list", "back", "U"),
    Key("keys_list", "pick", "X"),
    Key("keys_list", "pick-next", "Shift J"),
    Key("keys_list", "pick-previous", "Shift K"),
    Key("keys_list", "pick-all", "* A"),
    Key("keys_list", "bulk-all", "* V"),
    Key("keys_list", "bulk-clear", "* N"),
    Key("keys_list", "merge", "."),
    Key("keys_list", "further", "Shift P"),
    Key("keys_ticket", "reply", "R"),
    Key("keys_ticket", "note", "N"),
    Key("keys_ticket", "macros", "M"),
    Key("keys_ticket", "articles", "Shift I"),
    Key("keys_ticket", "send", "Ctrl ↵"),
    Key("keys_ticket", "send-only", "Ctrl Shift ↵"),
    Key("keys_ticket", "assign", "A"),
    Key("keys_ticket", "mine", "I"),
    Key("keys_ticket", "tag", "T", "L"),
    Key("keys_ticket", "status", "S"),
    Key("keys_ticket", "priority", "P"),
    Key("keys_ticket", "field", "D"),
    Key("keys_ticket", "ways", "Y"),
    Key("keys_ticket", "snooze", "H"),
    Key("keys_ticket", "join", "Shift M"),
    Key("keys_ticket", "split", "Shift S"),
    Key("keys_ticket", "link", "Shift L"),
    Key("keys_ticket", "ask", "Shift Q"),
    Key("keys_ticket", "hand-over", "Shift G"),
    Key("keys_ticket", "follow", "Shift W"),
    Key("keys_ticket", "spam", "#"),
    Key("keys_ticket", "unsnooze", "Shift H"),
    Key("keys_ticket", "remind", "B"),
    Key("keys_ticket", "team", "V"),
    Key("keys_ticket", "close", "E"),
    Key("keys_ticket", "close-stay", "Shift E"),
    Key("keys_ticket", "reopen", "Shift O"),
    Key("keys_ticket", "unread", "Shift U"),
    Key("keys_ticket", "forward", "F"),
    Key("keys_ticket", "reply-all", "Shift R"),
    Key("keys_ticket", "recipients", "Shift T"),
    Key("keys_ticket", "attach", "Shift A"),
    Key("keys_ticket", "formatting", "Shift F"),
    Key("keys_ticket", "copy-number", "Shift C"),
    Key("keys_ticket", "customer", "]"),
    Key("keys_app", "undo", "Z"),
    Key("keys_app", "palette", "Ctrl K"),
    Key("keys_app", "theme", "Shift N"),
    Key("keys_app", "density", "Shift D"),
    Key("keys_app", "search", "/"),
    Key("keys_app", "begin", "W"),
    Key("keys_app", "log-call", "C"),
    Key("keys_app", "presence", "Q"),
    Key("keys_app", "keys", "?"),
    Key("keys_go", "view-mine", "G I"),
    Key("keys_go", "view-unassigned", "G U"),
    Key("keys_go", "view-open", "G A"),
    Key("keys_go", "notices", "G M"),
    Key("keys_go", "reports", "G R"),
    Key("keys_go", "profile", "G P"),
    Key("keys_go", "view-new", "G N"),
)
KEY_OF = {key.command: key.keys for key in KEYS}


def keymap() -> dict[str, list[list[str]]]:
    """The table for the scripts: by group, the command, its keys and where there is one the other key."""
    groups: dict[str, list[list[str]]] = {}
    for key in KEYS:
        groups.setdefault(key.group, []).append([key.command, key.keys, *([key.also] if key.also else [])])
    return groups
