"""The part of PromQL that deploy/alerts.yml uses, worked out over samples, so that a test can make a rule ring.

An expression is comparisons joined by `or`, of a selector, `absent(selector)`, `time() - selector`, or
`sum(increase(selector[...]))` against a number. Anything else is an error: a rule the tests cannot read proves nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence

Sample = tuple[str, dict[str, str], float]
_SELECTOR = r"(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*)\})?"
_COMPARISON = re.compile(rf"(?P<now>time\(\) - )?{_SELECTOR} (?P<sign>==|>|<) (?P<limit>[\d.]+)")
_GROWTH = re.compile(rf"sum\(increase\({_SELECTOR}\[\d+m\]\)\) (?P<sign>>) (?P<limit>[\d.]+)")
_ABSENT = re.compile(rf"absent\({_SELECTOR}\)")
_SIGNS = {"==": operator.eq, ">": operator.gt, "<": operator.lt}


def rings(expression: str, samples: Sequence[Sample], *, before: Sequence[Sample] = (), now: float = 0) -> bool:
    """Whether the rule is true of these samples; `before` are those of some minutes ago."""
    return any(_part(part.strip(), samples, before, now) for part in expression.split(" or "))


def metrics_of(expression: str) -> set[str]:
    """The metrics an expression reads."""
    return set(re.findall(r"\b(?:helpdesk_[a-z_]+|up)\b", expression))


def _part(part: str, samples: Sequence[Sample], before: Sequence[Sample], now: float) -> bool:
    if found := _ABSENT.fullmatch(part):
        return not _chosen(found, samples)
    if found := _GROWTH.fullmatch(part):
        grown = sum(_chosen(found, samples)) - sum(_chosen(found, before))
        return bool(_SIGNS[found["sign"]](grown, float(found["limit"])))
    found = _COMPARISON.fullmatch(part)
    assert found, f"the tests cannot read {part!r}"
    values = [now - value if found["now"] else value for value in _chosen(found, samples)]
    return any(_SIGNS[found["sign"]](value, float(found["limit"])) for value in values)


def _chosen(found: re.Match[str], samples: Sequence[Sample]) -> list[float]:
    wanted = re.findall(r'(\w+)(=~|=)"([^"]*)"', found["labels"] or "")
    return [
        value
        for name, labels, value in samples
        if name == found["name"]
        and all(
            re.fullmatch(text if sign == "=~" else re.escape(text), labels.get(key, "")) for key, sign, text in wanted
        )
    ]
