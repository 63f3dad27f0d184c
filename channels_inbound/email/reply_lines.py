"""What each line of a mail is: blank, quoted, attribution ("On ... wrote:"), header block, delimiter, footer or text.

Linear: a line is looked at a bounded number of times, with patterns whose repeats are bounded.
"""

import re

from channels_inbound.email.reply_words import (
    ABOVE_WORDS,
    ADDRESSED,
    DEVICE_FOOTER,
    DEVICE_NAMES,
    EXCUSED,
    FORWARD_WORD,
    GET_THE_APP,
    LABEL_LINE,
    LABELS,
    LIST_FOOTER,
    MESSAGE_NOUN,
    ORIGINAL_WORD,
    QUOTING,
    REPLY_ABOVE,
    SCANNERS,
    SECRECY,
    SENT_FIRST,
    SENT_LAST,
    START_WORDS,
    VERBS,
    VIRUS_FOOTER,
)

BLANK, QUOTE, TEXT, ATTRIBUTION, HEADERS, ORIGINAL_MARK, FORWARD_MARK, SIGNATURE, DEVICE, RULE, FOOTER = "eqthbofsdrz"
MAX_LINES = 6000
_MAX_LINE = 1000
_ATTRIBUTION_LINES = 6
# Nobody answers a mail of two hundred levels; lines that only look like attributions by the thousand are an attack.
_MAX_ATTRIBUTIONS = 200
_ATTRIBUTION_CHARS = 420
_RULE_CHARS = frozenset("-_=*#~—–─━")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d)|\d{1,2}月\d{1,2}日")
_DAY_MONTH = re.compile(
    r"(?<!\d)\d{1,2}(?:st|nd|rd|th|er|\.|º)?,? (?:de )?[^\W\d_]{3,10}\.?|[^\W\d_]{3,10}\.? \d{1,2}(?!\d)"
)
_TIME = re.compile(
    r"(?<![\d.])\d{1,2}[:.h]\d{2}(?!\d|\.\d)|\d{1,2}(?:時|点)\d{0,2}|(?<!\d)\d{1,2} ?[ap]\.?m\b", re.IGNORECASE
)
_GMAIL_DATE = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d (?:GMT|UTC)[+-]\d{1,2}:?\d\d \S.{0,80}")
_DATED_NAME = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}),?(?: \d{1,2}:\d\d(?::\d\d)?,?)? "
    r"[^<>@]{1,80}<[^<>@\s]{1,64}@[^<>\s]{1,200}>:?"
)
_INNER_LABEL = re.compile(r"(?<= )([^\W\d_]{1,12}) ?:(?= )")
_GROUPWISE = re.compile(r">>> [^>]{2,120}(?:@[^>]{2,80}>)?[^>]{0,40}\d[^>]{2,40} >>>")
_ADDRESS_END = re.compile(r"[<(\[](?:mailto:)?[^<>()\[\]\s@]{1,64}@[^<>()\[\]\s]{1,200}[>)\]]")
_TRAILING_DATE = re.compile(r"([:：]) ?\([^()]{6,60}\)$")
_DIRECTION_MARKS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ENDS_LIKE_ATTRIBUTION = re.compile(r"[:：](?:\*|\s|-|_)*$")


# "... the answer On Tue, 3 Nov 2026, Shop <a@b.example> wrote:": phones and converters lose the line break.
_OPENS_ATTRIBUTION = re.compile(r" (?=(?:On|Am|Le|El|Il|Op|Em|Den|Dnia|W dniu) .{0,24}?\d)")


def part_shared_lines(text: str) -> str:
    """`text` with a line break for the blank before an attribution that shares its line with the answer."""
    if "wrote:" not in text and not any(verb in text for verb in ("schrieb", "écrit", "escrib", "escrev", "scritto")):
        return text
    lines = text.split("\n", MAX_LINES)
    for index, line in enumerate(lines[:MAX_LINES]):
        if line[-1:] == ":" and len(line) <= _MAX_LINE and line[:1] != ">":
            at = _attribution_within(line, index + 1 < len(lines) and lines[index + 1].lstrip()[:1] in ("", ">"))
            if at > 0:
                lines[index] = f"{line[:at]}\n{line[at + 1 :]}"
    return "\n".join(lines)


def _attribution_within(line: str, quote_follows: bool) -> int:
    """Where the blank before an attribution stands that ends this line, else -1."""
    if not quote_follows:
        return -1
    for found in _OPENS_ATTRIBUTION.finditer(line, max(0, len(line) - 250)):
        rest = line[found.end() :]
        if (
            VERBS.search(rest[-40:])
            and (_YEAR.search(rest) or _TIME.search(rest))
            and ("@" in rest or _TIME.search(rest))
        ):
            return found.start()
    return -1


def classify_lines(lines: list[str]) -> list[str]:
    """One kind for each line. Attributions and header blocks carry theirs on every line they span."""
    if any(_DIRECTION_MARKS.search(line) for line in lines):
        lines = [_DIRECTION_MARKS.sub("", line) for line in lines]
    kinds = [_kind_of(line) for line in lines[:MAX_LINES]]
    kinds += [TEXT] * (len(lines) - len(kinds))
    _find_quoted_headers(lines, kinds)
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
        if stripped[-3:] == ">>>" and _GROUPWISE.fullmatch(stripped):
            return ATTRIBUTION
        # The end of a torn address: "> wrote:" closes an attribution, it quotes nothing.
        return (
            TEXT if len(stripped) < 40 and stripped[-1] in ":：" and VERBS.fullmatch(stripped[1:-1].strip()) else QUOTE
        )
    if first in _RULE_CHARS or first == "*":
        if stripped == "--":
            return SIGNATURE
        if (len(stripped) >= 3 or stripped == "__") and _RULE_CHARS.issuperset(stripped):
            return RULE
    if len(stripped) > 2000:
        return TEXT
    if len(stripped) > 240:
        return _footer_of(stripped) or TEXT
    return _delimiter_of(stripped) or _footer_of(stripped) or TEXT


def _delimiter_of(stripped: str) -> str:
    bare = stripped.strip("-_=*#~—–─>< \t:：.")
    if len(bare) <= 60 and bare != stripped and MESSAGE_NOUN.search(bare):
        fenced = _is_fenced(stripped)
        if FORWARD_WORD.search(bare):
            return FORWARD_MARK if fenced or stripped.endswith((":", "：")) else ""
        if fenced and ORIGINAL_WORD.search(bare):
            return ORIGINAL_MARK
    if bare[:13].lower() == "forwarded by " and _is_fenced(stripped):
        return FORWARD_MARK
    if len(stripped) < 160 and _has(stripped.lower(), ABOVE_WORDS) and REPLY_ABOVE.search(stripped):
        return ORIGINAL_MARK
    return ""


def _has(lower: str, wanted: tuple[str, ...]) -> bool:
    """Whether one of the words is in it: twenty times faster than a pattern, and asked of every line."""
    return any(word in lower for word in wanted)


def _footer_of(stripped: str) -> str:
    """Whether a phone, a mail program or a virus scanner put this line under the mail."""
    lower = stripped.lower()
    if _has(lower, SCANNERS) and VIRUS_FOOTER.search(stripped):
        return FOOTER
    if len(stripped) >= 60 and _has(lower, SECRECY) and ADDRESSED.search(stripped):
        return FOOTER
    if len(stripped) >= 160:
        return ""
    if DEVICE_FOOTER.fullmatch(stripped) or GET_THE_APP.fullmatch(stripped):
        return DEVICE
    if not _has(lower, DEVICE_NAMES):
        return ""
    bare = EXCUSED.sub("", stripped)
    if DEVICE_FOOTER.fullmatch(bare):
        return DEVICE
    short = len(bare.split()) <= 10 and len(bare) < 80
    return DEVICE if short and (SENT_FIRST.match(bare) or SENT_LAST.fullmatch(bare)) else ""


def _is_fenced(stripped: str) -> bool:
    return stripped[:2].strip("-_=*#~—–─") == "" or stripped[-2:].strip("-_=*#~—–─") == ""


def _find_quoted_headers(lines: list[str], kinds: list[str]) -> None:
    """A header block that is quoted itself while the mail below it is not (webmail of French and Czech providers)."""
    index = 0
    while index < min(len(lines), MAX_LINES):
        if kinds[index] != QUOTE:
            index += 1
            continue
        end = index
        while end < len(lines) and kinds[end] == QUOTE:
            end += 1
        if end - index <= 10 and _next_kind(kinds, end) == TEXT:
            inner = [inside for line in lines[index:end] if (inside := line.lstrip()[1:].strip())]
            labels = [_label_of(line) for line in inner]
            named = {label for label in labels if label}
            if {"from", "subject"} <= named and all(labels[1:] if labels[0] == "" else labels):
                kinds[index:end] = [HEADERS] * (end - index)
        index = end


def _next_kind(kinds: list[str], index: int) -> str:
    while index < len(kinds) and kinds[index] == BLANK:
        index += 1
    return kinds[index] if index < len(kinds) else ""


def _find_header_blocks(lines: list[str], kinds: list[str]) -> None:
    index = 0
    while index < min(len(lines), MAX_LINES):
        if kinds[index] == TEXT and LABEL_LINE.match(lines[index].lstrip()[:40]):
            end = _header_block_end(lines, kinds, index) if _label_of(lines[index]) else index
            end = index + 1 if end == index and _is_header_line(lines[index]) else end
            end = end if end > index else _unknown_block_end(lines, kinds, index)
            if end > index:
                kinds[index:end] = [HEADERS] * (end - index)
                index = end
                continue
        index += 1


def _is_header_line(line: str) -> bool:
    """A whole header block that lost its line breaks."""
    if _label_of(line) != "from" or "@" not in line or len(line) > _MAX_LINE:
        return False
    named = {LABELS.get(found.group(1).lower(), "") for found in _INNER_LABEL.finditer(line)}
    return {"date", "to", "subject"} <= named


def _unknown_block_end(lines: list[str], kinds: list[str], start: int) -> int:
    """One past a header block in a language we do not know: a name with its address, a moment, two more labels."""
    end = start
    while end < min(start + 8, len(lines)) and kinds[end] == TEXT and LABEL_LINE.match(lines[end].lstrip()[:40]):
        end += 1
    if end - start < 4 or not _ADDRESS_END.search(lines[start][:_MAX_LINE]):
        return start
    moment = lines[start + 1][:200]
    return end if _YEAR.search(moment) and _TIME.search(moment) else start


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
    tries = _MAX_ATTRIBUTIONS
    for end in range(min(len(lines), MAX_LINES)):
        if kinds[end] != TEXT:
            continue
        tail = _TRAILING_DATE.sub(r"\1", lines[end][-_MAX_LINE:].rstrip())
        if not (_ENDS_LIKE_ATTRIBUTION.search(tail[-12:]) or VERBS.search(tail[-40:])):
            bare = tail.strip()
            if _stands_alone(kinds, end) and (_GMAIL_DATE.fullmatch(bare) or _DATED_NAME.fullmatch(bare)):
                kinds[end] = ATTRIBUTION
            continue
        tries -= 1
        if tries < 0:
            return
        start = _attribution_start(lines, kinds, end)
        if start is not None:
            kinds[start : end + 1] = [ATTRIBUTION] * (end + 1 - start)


def _stands_alone(kinds: list[str], index: int) -> bool:
    before = index == 0 or kinds[index - 1] == BLANK or kinds[index + 1 : index + 2] == [BLANK]
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
        line = lines[start][-_MAX_LINE:].strip()
        joined = f"{line} {joined}" if joined else _TRAILING_DATE.sub(r"\1", line)
        if len(joined) > _ATTRIBUTION_CHARS:
            return None
        opens_paragraph = start == 0 or kinds[start - 1] != TEXT
        if reads_as_attribution(joined, opens_paragraph, _quote_follows(kinds, end)):
            return start
        start -= 1
    return None


def _quote_follows(kinds: list[str], index: int) -> bool:
    index += 1
    while index < len(kinds) and kinds[index] == BLANK:
        index += 1
    return index < len(kinds) and kinds[index] == QUOTE


def reads_as_attribution(joined: str, opens_paragraph: bool, quote_follows: bool) -> bool:
    first = joined.split(None, 1)[0].strip(",.*\"'([").lower() if joined.split() else ""
    if joined.startswith("<") or not (opens_paragraph or first in START_WORDS or first[:1].isdigit()):
        return False
    verb = next(reversed([*VERBS.finditer(joined)]), None)
    ends = _ENDS_LIKE_ATTRIBUTION.search(joined[-12:]) is not None
    year, time, mail = _YEAR.search(joined), _TIME.search(joined), "@" in joined
    if verb is None:
        if not (ends and mail):
            return False
        # Whatever the language: somebody's address before a quote, or with a moment before a mail.
        return (
            (time is not None and (year is not None or _DAY_MONTH.search(joined) is not None))
            or QUOTING.match(joined) is not None
            or (quote_follows and len(joined) < 160 and _ADDRESS_END.search(joined) is not None)
        )
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
    known = first in START_WORDS or first[:1].isdigit() or (year is not None and time is not None)
    return dated and len(joined) - verb.end() <= 90 and (quote_follows or (known and year is not None))


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
