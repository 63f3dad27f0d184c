"""Which passage of an article answers a question, and how it is shown."""

from __future__ import annotations

import pytest

from knowledge.passages import LONGEST_PASSAGE, Block, blocks_of, passage_for

BODY = """
<p>Orders leave on the same day.</p>
<h2>Abroad</h2>
<p>We ship to Poland and Norway. Customs are ours.</p>
<p>Islands take longer.</p>
<h2>Costs</h2>
<p>You pay:</p>
<ul><li><p>Germany: 4 EUR</p></li><li>Poland: <b>6</b> EUR</li></ul>
<h3>Steps</h3>
<ol><li>Open the order</li><li>Print the label<ul><li>in colour</li></ul></li></ol>
<table><tbody><tr><th><p>Country</p></th><th>Days</th></tr><tr><td><p>Malta</p></td><td>9</td></tr></tbody></table>
<blockquote><p>Ask us about gifts.</p></blockquote>
"""


def test_a_body_is_read_as_paragraphs_lists_and_rows() -> None:
    assert blocks_of(BODY) == [
        Block("", ("Orders leave on the same day.",)),
        Block("Abroad", ("We ship to Poland and Norway. Customs are ours.",)),
        Block("Abroad", ("Islands take longer.",)),
        Block("Costs", ("You pay:",)),
        Block("Costs", ("Germany: 4 EUR", "Poland: 6 EUR"), "You pay:"),
        Block("Steps", ("Open the order", "Print the label", "in colour"), "", True),
        Block("Steps", ("Country: Malta; Days: 9",)),
        Block("Steps", ("Ask us about gifts.",)),
    ]


@pytest.mark.parametrize("body", ["", "text alone", "<td>a</td>", "</ul></table></p>", "<ul><li>a", "<table><tr><th>x"])
def test_no_body_breaks_it(body: str) -> None:
    assert passage_for(["x"], body, title="", summary="", language="en") in ("", body)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ship norway", "Abroad\nWe ship to Poland and Norway. Customs are ours."),
        ("shipping poland customs", "Abroad\nWe ship to Poland and Norway. Customs are ours."),
        ("germany", "Costs\nYou pay:\nGermany: 4 EUR"),
        ("malta", "Steps\nCountry: Malta; Days: 9"),
        ("label", "Steps\n1. Open the order\n2. Print the label\n3. in colour"),
        ("costs", "Costs\nYou pay:"),
        ("gift", "Steps\nAsk us about gifts."),
        ("delivery kayak", ""),
        ("", ""),
    ],
)
def test_the_best_passage_is_told_with_what_stands_above_it(words: str, said: str) -> None:
    asked = words.split()
    assert passage_for(asked, BODY, title="Delivery", summary="Fast and cheap.", language="en") == said


def test_a_summary_that_holds_more_is_told_itself() -> None:
    def told(summary: str) -> str:
        return passage_for(["ship", "malta"], BODY, title="", summary=summary, language="en")

    assert told("We ship to Malta.") == ""
    assert told("Malta, too.") != "" != told("Everywhere.")


def test_words_are_known_in_their_forms() -> None:
    body = "<p>Країна відправлення – Україна.</p><p>До Польщі посилка йде три дні.</p>"
    for word in ("польща", "польщу", "польщею"):
        assert passage_for([word], body, title="", summary="", language="uk").startswith("До Польщі")


def test_a_long_paragraph_begins_where_it_answers_and_ends_at_a_word() -> None:
    body = f"<p>{'Nothing to see here. ' * 60}Poland takes three days. {'And so on it goes. ' * 60}</p>"
    said = passage_for(["poland"], body, title="", summary="", language="en")
    assert said.startswith("… Poland takes three days.") and said.endswith(" …")
    assert len(said) <= LONGEST_PASSAGE + 2
