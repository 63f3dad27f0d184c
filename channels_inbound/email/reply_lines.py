"""What each line of a mail is: blank, quoted, attribution ("On ... wrote:"), header block, delimiter, footer or text.

Linear: a line is looked at a bounded number of times, with patterns whose repeats are bounded.
"""

import re

from channels_inbound.email.reply_words import (
    DEVICE_FOOTER,
    FORWARDED,
    LABEL_LINE,
    LABELS,
    LIST_FOOTER,
    ORIGINAL,
    REPLY_ABOVE,
    START_WORDS,
    VERBS,
)

BLANK, QUOTE, TEXT, ATTRIBUTION, HEADERS, ORIGINAL_MARK, FORWARD_MARK, SIGNATURE, DEVICE, RULE, FOOTER = "eqthbofsdrz"
MAX_LINES = 6000
_MAX_LINE = 1000
_ATTRIBUTION_LINES = 6
_ATTRIBUTION_CHARS = 420
_RULE_CHARS = frozenset("-_=*#~—–─━")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d)|\d{1,2}月\d{1,2}日")
_DAY_MONTH = re.compile(
    r"(?<!\d)\d{1,2}(?:st|nd|rd|th|er|\.|º)?,? (?:de )?[^\W\d_]{3,10}\.?|[^\W\d_]{3,10}\.? \d{1,2}(?!\d)"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.h]\d{2}(?!\d)|\d{1,2}(?:時|点)\d{0,2}|(?<!\d)\d{1,2} ?[ap]\.?m\b", re.IGNORECASE)
_GMAIL_DATE = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d (?:GMT|UTC)[+-]\d{1,2}:?\d\d \S.{0,80}")
_ENDS_LIKE_ATTRIBUTION = re.compile(r"[:：](?:\*|\s|-|_)*$")


def classify_lines(lines: list[str]) -> list[str]:
    """One kind for each line. Attributions and header blocks carry theirs on every line they span."""
    kinds = [_kind_of(line) for line in lines[:MAX_LINES]]
    kinds += [TEXT] * (len(lines) - len(kinds))
    _find_header_blocks(lines, kinds)
    _find_attributions(lines, kinds)
    _find_list_footer(lines, kinds)
    return kinds


def _kind_of(line: str) -> str:
    stripped = line.strip()
    if not stripped:
        return BLANK
    first = stripped[0]
    if first == ">" or first == "＞":
        # The end of a torn address: "> wrote:" closes an attribution, it quotes nothing.
        return (
            TEXT if len(stripped) < 40 and stripped[-1] in ":：" and VERBS.fullmatch(stripped[1:-1].strip()) else QUOTE
        )
    if first in _RULE_CHARS or first == "*":
        if stripped == "--":
            return SIGNATURE
        if (len(stripped) >= 4 or stripped in ("__", "___")) and _RULE_CHARS.issuperset(stripped):
            return RULE
    if len(stripped) > 240:
        return TEXT
    return _delimiter_of(stripped) or (DEVICE if len(stripped) < 160 and DEVICE_FOOTER.fullmatch(stripped) else TEXT)


def _delimiter_of(stripped: str) -> str:
    bare = stripped.strip("-_=*#~—–─>< \t:：.").lower()
    if len(bare) <= 60 and bare != stripped.lower():
        if bare in ORIGINAL and _is_fenced(stripped):
            return ORIGINAL_MARK
        if bare in FORWARDED or (bare.startswith("forwarded by ") and _is_fenced(stripped)):
            return FORWARD_MARK if _is_fenced(stripped) or stripped.endswith((":", "：")) else ""
    if len(stripped) < 160 and REPLY_ABOVE.search(stripped):
        return ORIGINAL_MARK
    return ""


def _is_fenced(stripped: str) -> bool:
    return stripped[:2].strip("-_=*#~—–─") == "" or stripped[-2:].strip("-_=*#~—–─") == ""


def _find_header_blocks(lines: list[str], kinds: list[str]) -> None:
    index = 0
    while index < min(len(lines), MAX_LINES):
        if kinds[index] == TEXT and _label_of(lines[index]):
            end = _header_block_end(lines, kinds, index)
            if end > index:
                kinds[index:end] = [HEADERS] * (end - index)
                index = end
                continue
        index += 1


def _label_of(line: str) -> str:
    found = LABEL_LINE.match(line.lstrip()[:40])
    return LABELS.get(found.group(1).strip().lower(), "") if found else ""


def _header_block_end(lines: list[str], kinds: list[str], start: int) -> int:
    """One past a From/Sent/To/Subject block that begins here, else `start`."""
    seen: list[str] = []
    has_address, index, loose = False, start, 0
    while index < len(lines) and index < start + 24:
        label = _label_of(lines[index]) if kinds[index] == TEXT else ""
        if label:
            seen.append(label)
            loose = 0
        elif kinds[index] == BLANK:
            following = index + 1
            if following >= len(lines) or kinds[following] != TEXT or not _label_of(lines[following]):
                break
        elif kinds[index] == TEXT and loose < 2 and seen and _continues_header(lines[index], seen[-1]):
            loose += 1
        else:
            break
        has_address = has_address or "@" in lines[index]
        index += 1
    distinct = set(seen)
    enough = "from" in seen[:2] and len(distinct) >= 3 and (has_address or {"subject", "date"} <= distinct)
    # With a line drawn above, two suffice: mobile programs leave most of them out.
    ruled = start > 0 and "from" in seen[:1] and len(distinct) >= 2 and has_address and _rule_above(kinds, start)
    return index if enough or ruled else start


def _continues_header(line: str, label: str) -> bool:
    return line[:1].isspace() or line.lstrip()[:1] in ("<", "[") or label in ("to", "cc", "subject") or "@" in line


def _rule_above(kinds: list[str], index: int) -> bool:
    index -= 1
    while index >= 0 and kinds[index] == BLANK:
        index -= 1
    return index >= 0 and kinds[index] in (RULE, ORIGINAL_MARK, FORWARD_MARK, DEVICE)


def _find_attributions(lines: list[str], kinds: list[str]) -> None:
    for end in range(min(len(lines), MAX_LINES)):
        if kinds[end] != TEXT:
            continue
        tail = lines[end][-_MAX_LINE:].rstrip()
        if not (_ENDS_LIKE_ATTRIBUTION.search(tail[-12:]) or VERBS.search(tail[-40:])):
            if _GMAIL_DATE.fullmatch(tail.strip()) and _stands_alone(kinds, end):
                kinds[end] = ATTRIBUTION
            continue
        start = _attribution_start(lines, kinds, end)
        if start is not None:
            kinds[start : end + 1] = [ATTRIBUTION] * (end + 1 - start)


def _stands_alone(kinds: list[str], index: int) -> bool:
    before = index == 0 or kinds[index - 1] == BLANK
    return before and (index + 1 >= len(kinds) or kinds[index + 1] in (BLANK, QUOTE))


def _attribution_start(lines: list[str], kinds: list[str], end: int) -> int | None:
    """Where the attribution that ends in this line begins: programs wrap it over up to five lines."""
    joined = ""
    start = end
    while start >= 0 and end - start < _ATTRIBUTION_LINES:
        if kinds[start] == BLANK:
            # Only an address that was torn off its line by a blank one may bridge it.
            if not joined.lstrip().startswith("<"):
                return None
            start -= 1
            continue
        if kinds[start] != TEXT:
            return None
        joined = f"{lines[start][-_MAX_LINE:].strip()} {joined}".strip()
        if len(joined) > _ATTRIBUTION_CHARS:
            return None
        opens_paragraph = start == 0 or kinds[start - 1] != TEXT
        if _reads_as_attribution(joined, opens_paragraph, _quote_follows(kinds, end)):
            return start
        start -= 1
    return None


def _quote_follows(kinds: list[str], index: int) -> bool:
    index += 1
    while index < len(kinds) and kinds[index] == BLANK:
        index += 1
    return index < len(kinds) and kinds[index] == QUOTE


def _reads_as_attribution(joined: str, opens_paragraph: bool, quote_follows: bool) -> bool:
    first = joined.split(None, 1)[0].strip(",.*\"'([").lower() if joined.split() else ""
    if joined.startswith("<") or not (opens_paragraph or first in START_WORDS or first[:1].isdigit()):
        return False
    verb = next(reversed([*VERBS.finditer(joined)]), None)
    ends = _ENDS_LIKE_ATTRIBUTION.search(joined[-12:]) is not None
    year, time, mail = _YEAR.search(joined), _TIME.search(joined), "@" in joined
    if verb is None:
        return ends and mail and time is not None and (year is not None or _DAY_MONTH.search(joined) is not None)
    at_end = len(joined) - verb.end() <= 12
    if not (ends or at_end):
        return False
    dated = year is not None or time is not None or (first in START_WORDS and _DAY_MONTH.search(joined) is not None)
    if at_end or mail:
        return (
            (dated and (year is not None or mail or quote_follows or first in START_WORDS))
            or mail
            or (quote_follows and len(joined) < 120)
        )
    # "Am 3.2. schrieb Max:": the verb stands before the name, so what follows it must be short.
    return dated and len(joined) - verb.end() <= 90 and (year is not None or quote_follows)


def _find_list_footer(lines: list[str], kinds: list[str]) -> None:
    """A ruled-off block at the very end with links: what mailing lists and virus scanners add."""
    filled = 0
    for index in range(len(lines) - 1, -1, -1):
        if kinds[index] == RULE and filled:
            block = lines[index:]
            if any(LIST_FOOTER.search(line[:_MAX_LINE]) for line in block):
                kinds[index:] = [FOOTER if line.strip() else BLANK for line in block]
            return
        if kinds[index] not in (BLANK, TEXT):
            return
        filled += kinds[index] == TEXT
        if filled > 8:
            return
