"""The template loader: what stands in a template and depends on nothing but the language is worked out once.

A page holds some two hundred `{% translate "..." %}` and `{% icon "..." %}`; looking them up again at every request
was an eighth of what a ticket's page costs. Templates are kept for each language, and in each such constant is text
before anybody renders it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.template import Context, Origin, Template
from django.template.base import Node, NodeList, TextNode, VariableDoesNotExist
from django.template.library import SimpleNode
from django.template.loaders import base, cached
from django.templatetags.i18n import LanguageNode, TranslateNode
from django.utils.translation import get_language


class _Folding(base.Loader):
    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        fold(template.nodelist)
        return template


class Loader(cached.Loader, _Folding):
    """Django's cached loader with a template for each language; folded before it is kept, so no thread sees it half."""

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()}:{super().cache_key(template_name, skip)}"


def fold(nodes: NodeList) -> None:
    """Replace what is constant in the present language by text, in place; neighbouring texts become one."""
    folded: list[Node] = []
    for node in nodes:
        if not isinstance(node, LanguageNode):  # what is in it speaks another language
            for inner in _inner(node):
                fold(inner)
        kept = _as_text(node) if _is_constant(node) else node
        last = folded[-1] if folded else None
        if type(kept) is TextNode and type(last) is TextNode:
            folded[-1] = _text(last.s + kept.s, like=last)
        else:
            folded.append(kept)
    nodes[:] = folded


def constant(tag: Any) -> Any:
    """Mark a simple tag whose result depends on nothing but its arguments and the language."""
    tag.is_constant = True
    return tag


def _inner(node: Node) -> Iterator[NodeList]:
    if conditions := getattr(node, "conditions_nodelists", None):  # `if`, whose `nodelist` is made anew at each look
        yield from (nodes for _, nodes in conditions)
        return
    names: Iterable[str] = node.child_nodelists
    for name in names:
        nodes = getattr(node, name, None)
        if isinstance(nodes, NodeList):
            yield nodes


def _is_constant(node: Node) -> bool:
    if isinstance(node, TranslateNode):
        return node.asvar is None and node.message_context is None and _is_literal(node.filter_expression)
    if isinstance(node, SimpleNode):
        pure = getattr(node.func, "is_constant", False) and not node.takes_context and node.target_var is None
        return pure and all(map(_is_literal, (*node.args, *node.kwargs.values())))
    return False


def _is_literal(expression: Any) -> bool:
    if expression.filters:
        return False
    variable = expression.var
    return not hasattr(variable, "lookups") or variable.lookups is None


def _as_text(node: Node) -> Node:
    try:
        return _text(node.render(Context()), like=node)
    except VariableDoesNotExist:
        return node


def _text(text: str, *, like: Node) -> TextNode:
    made = TextNode(str(text))
    made.token, made.origin = like.token, like.origin
    return made
