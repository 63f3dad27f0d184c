"""HTML as plain text that reads well: numbered lists, `>` quotes, tables in columns, link addresses. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from unicodedata import combining, east_asian_width

# Deeper nesting than anybody writes is read as if it stood one level higher.
DEEPEST = 60
# Wider tables are not padded into columns: the lines would break anywhere.
WIDEST = 100
_VOID = {"br", "hr", "img"}
_BLOCKS = {"blockquote", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul"}
_PARTS = {"tbody", "thead", "tr", "td", "th"}
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ol", "ul", "pre", "table", "hr"}


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[_Node | str] = field(default_factory=list)


def render_text(cleaned: str) -> str:
    """The text of cleaned HTML. Blocks are apart by one empty line, items and rows by none."""
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return "\n".join(line.rstrip() for line in _blocks(reader.root)).strip("\n")


class _Reader(HTMLParser):
    """Builds the tree; what nests too deep is put into the last level."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("div")
        self._open = [self.root]
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, dict(attrs))
        if tag in _VOID:
            self._open[-1].children.append(node)
        elif len(self._open) > DEEPEST:
            self._skipped += 1
        else:
            self._open[-1].children.append(node)
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._skipped:
            self._skipped -= 1
        elif len(self._open) > 1 and self._open[-1].tag == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def _blocks(node: _Node) -> list[str]:
    """The lines of a node's children: runs of words and marks are a paragraph, blocks stand for themselves."""
    lines: list[str] = []
    run: list[_Node | str] = []
    spaced = False

    def add(block: list[str], *, apart: bool) -> None:
        nonlocal spaced
        if not block:
            return
        if lines and (apart or spaced) and lines[-1]:
            lines.append("")
        lines.extend(block)
        spaced = apart

    def flush() -> None:
        text = _inline(run).strip(" \n")
        run.clear()
        add(text.split("\n") if text else [], apart=False)

    for child in node.children:
        if isinstance(child, str) or child.tag not in _BLOCKS:
            run.append(child)
            continue
        flush()
        # Paragraphs inside an item or a cell's words stand close, as they do on the screen.
        add(_block(child), apart=child.tag in _SPACED and not (node.tag == "li" and child.tag in ("p", "ul", "ol")))
    flush()
    return lines


def _block(node: _Node) -> list[str]:
    match node.tag:
        case "ul" | "ol":
            return _list(node)
        case "blockquote":
            return [f"> {line}" if line else ">" for line in _blocks(node)]
        case "pre":
            return _text(node).strip("\n").split("\n")
        case "hr":
            return ["* * *"]
        case "table":
            return _table(node)
        case _:
            return _blocks(node)


def _list(node: _Node) -> list[str]:
    start = node.attributes.get("start") or "1"
    number = int(start) if start.isdecimal() else 1
    lines: list[str] = []
    for child in node.children:
        if isinstance(child, str):
            continue
        mark = f"{number}. " if node.tag == "ol" else "- "
        content = _blocks(child) or [""]
        lines.append(mark + content[0])
        lines.extend(" " * len(mark) + line if line else "" for line in content[1:])
        number += 1
    return lines


def _table(node: _Node) -> list[str]:
    rows = [[_cell(cell) for cell in row] for row in _rows(node)]
    rows = [row for row in rows if any(row)]
    if not rows:
        return []
    widths = [max((_width(row[i]) for row in rows if i < len(row)), default=0) for i in range(max(map(len, rows)))]
    pad = sum(widths) + 3 * (len(widths) - 1) <= WIDEST
    return [" | ".join(_padded(cell, widths[i] if pad else 0) for i, cell in enumerate(row)).rstrip() for row in rows]


def _rows(node: _Node) -> list[list[_Node]]:
    rows: list[list[_Node]] = []
    for child in node.children:
        if isinstance(child, str):
            continue
        if child.tag == "tr":
            rows.append([cell for cell in child.children if isinstance(cell, _Node) and cell.tag in ("td", "th")])
        elif child.tag in _PARTS:
            rows.extend(_rows(child))
    return rows


def _cell(cell: _Node) -> str:
    return " ".join(" ".join(_blocks(cell)).split())


def _padded(text: str, width: int) -> str:
    return text + " " * max(width - _width(text), 0)


def _width(text: str) -> int:
    """Columns the text takes in a fixed font."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _inline(nodes: list[_Node | str]) -> str:
    """Words in one paragraph; white space as a browser shows it, `br` as a new line."""
    words = "".join(node if isinstance(node, str) else _mark(node) for node in nodes)
    return "\n".join(" ".join(line.split()) for line in words.replace("\n", " ").split("\r"))


def _mark(node: _Node) -> str:
    if node.tag == "br":
        return "\r"  # until white space has been folded
    if node.tag == "img":
        alt = " ".join((node.attributes.get("alt") or "").split())
        return f"[{alt}]" if alt else ""
    inner = "".join(child if isinstance(child, str) else _mark(child) for child in node.children)
    if node.tag in _BLOCKS:  # a block inside a link or a bold stretch
        return f"\r{inner}\r"
    href = node.attributes.get("href") if node.tag == "a" else None
    shown = " ".join(inner.split())
    plain = (href or "").removeprefix("mailto:").removeprefix("tel:")
    if href and shown not in (href, plain, plain.removeprefix("https://").removeprefix("http://").rstrip("/")):
        return f"{inner} <{href}>" if shown else href
    return inner


def _text(node: _Node) -> str:
    """Everything as it stands, white space too."""
    parts = [
        child if isinstance(child, str) else "\n" if child.tag == "br" else _text(child) for child in node.children
    ]
    return "".join(parts)
