"""`type/subtype; name=value` headers, with RFC 2231 pieces and the many ways mailers get file names wrong."""

from urllib.parse import unquote_to_bytes

from channels_inbound.email.charset import decode_text

_MAX_PARAMETERS = 100


def read_parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """The lower-case main value and its parameters by lower-case name, each decoded to text."""
    if b";" not in value:
        return _main_value(value), {}
    pieces = _split_outside_quotes(value)
    plain: dict[str, bytes] = {}
    for piece in pieces[1:]:
        name, equals, rest = piece.partition(b"=")
        key = name.strip().lower().decode("latin-1")
        if equals and key and key not in plain:
            plain[key] = _unquote(rest)
    return _main_value(pieces[0]), _join_continuations(plain)


def _main_value(value: bytes) -> str:
    main = value.partition(b"(")[0].replace(b"\0", b"").strip(b" \t\"'").lower().decode("latin-1")
    first = main.split(None, 1)[0] if main else ""
    # "text/plain charset=x" lost its semicolon, "text / plain" gained blanks.
    return first if "/" in first.strip("/") else main.replace(" ", "")


def _split_outside_quotes(value: bytes) -> list[bytes]:
    if b'"' not in value:
        return value.split(b";")[:_MAX_PARAMETERS]
    pieces: list[bytes] = []
    current, position = [], 0
    while position < len(value) and len(pieces) < _MAX_PARAMETERS:
        semicolon, quote = value.find(b";", position), value.find(b'"', position)
        if quote >= 0 and (semicolon < 0 or quote < semicolon):
            close = _closing_quote(value, quote + 1)
            current.append(value[position:close])
            position = close
        elif semicolon >= 0:
            pieces.append(b"".join(current) + value[position:semicolon])
            current, position = [], semicolon + 1
        else:
            break
    pieces.append(b"".join(current) + value[position:])
    return pieces


def _closing_quote(value: bytes, position: int) -> int:
    """One past the quote that closes here; a quote that nothing closes ends at the next semicolon."""
    start = position
    while True:
        quote = value.find(b'"', position)
        if quote < 0:
            semicolon = value.find(b";", start)
            return len(value) if semicolon < 0 else semicolon
        backslashes = quote - len(value[start:quote].rstrip(b"\\")) - start
        if backslashes % 2 == 0:
            return quote + 1
        position = quote + 1


def _unquote(value: bytes) -> bytes:
    value = value.strip()
    if value[:1] == b'"':
        value = value[1:-1] if value[-1:] == b'"' and len(value) > 1 else value[1:]
        if b"\\" in value:
            # A lone backslash is part of a Windows path, not an escape.
            value = value.replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    elif value[:1] == b"'" and value[-1:] == b"'" and len(value) > 1:
        value = value[1:-1]
    return value


def _join_continuations(plain: dict[str, bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for key, value in plain.items():
        base, star, rest = key.partition("*")
        if not star:
            found[base] = decode_text(value)
            continue
        number = rest.rstrip("*") or "0"
        if number.isdecimal() and len(number) < 4:
            pieces.setdefault(base, {})[int(number)] = (value, rest.endswith("*") or rest == "")
    for base, numbered in pieces.items():
        found[base] = _join_pieces(numbered)
    return found


def _join_pieces(numbered: dict[int, tuple[bytes, bool]]) -> str:
    charset, data = "", b""
    for position, number in enumerate(sorted(numbered)):
        value, encoded = numbered[number]
        if encoded and position == 0 and value.count(b"'") >= 2:
            label, _language, value = value.split(b"'", 2)
            charset = label.decode("latin-1")
        data += unquote_to_bytes(value) if encoded else value
    return decode_text(data, charset)
