"""The HTML of a mail as it may be shown: no scripts, no forms, nothing that loads anything by itself.

Images of the mail itself become `<img data-cid="...">` for the product to map to its own signed URLs; remote ones
`<img data-remote-src="...">` until a person allows them. Raising SANITIZER_VERSION makes stored HTML be cleaned again.
"""

import re
from dataclasses import dataclass
from html import escape, unescape
from importlib.metadata import version

import nh3

from channels_inbound.email.elements import Attributes, change_elements, replaced, value_of, without
from channels_inbound.email.limits import DEFAULT_LIMITS, Limits
from channels_inbound.email.word_lists import words

SANITIZER_VERSION = f"3-nh3-{version('nh3')}"

_TAGS = set(
    words(
        "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd "
        "del details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd "
        "li main mark nav ol p pre q rp rt ruby s samp section small span strike strong sub summary sup table "
        "tbody td tfoot th thead time tr tt u ul var wbr"
    )
)
_DROPPED_WITH_CONTENT = set(
    words("script style title template noscript noembed noframes iframe object svg math select textarea xmp")
)
_SIZED = {"width", "height", "align", "valign", "bgcolor"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "align", "border"},
    "table": _SIZED | {"border", "cellpadding", "cellspacing"},
    "td": _SIZED | {"colspan", "rowspan", "nowrap"},
    "th": _SIZED | {"colspan", "rowspan", "nowrap", "scope"},
    "tr": _SIZED, "tbody": _SIZED, "thead": _SIZED, "tfoot": _SIZED, "col": {"width", "span"}, "colgroup": {"span"},
    "p": {"align"}, "div": {"align"}, "h1": {"align"}, "h2": {"align"}, "h3": {"align"},
    "font": {"color", "face", "size"}, "hr": {"width", "size", "color", "align"},
    "ol": {"start", "type"}, "ul": {"type"}, "li": {"value"}, "time": {"datetime"},
}  # fmt: skip
# Nothing that takes a url(), positions outside its box or covers the page around it.
_STYLES = set(
    words(
        "background-color border border-bottom border-bottom-color border-bottom-left-radius border-bottom-"
        "right-radius border-bottom-style border-bottom-width border-collapse border-color border-left "
        "border-left-color border-left-style border-left-width border-radius border-right border-right-color "
        "border-right-style border-right-width border-spacing border-style border-top border-top-color "
        "border-top-left-radius border-top-right-radius border-top-style border-top-width border-width clear "
        "color direction display float font font-family font-size font-style font-variant font-weight height "
        "letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top "
        "max-height max-width min-height min-width mso-hide overflow-wrap padding padding-bottom padding-left "
        "padding-right padding-top table-layout text-align text-decoration text-indent text-transform "
        "vertical-align visibility white-space width word-break word-spacing word-wrap"
    )
)
# Marks by which mail programs say "from here on it is quoted"; kept for the reply reader and for folding on screen.
QUOTE_CLASSES = set(
    words(
        "gmail_quote gmail_attr gmail_quote_container gmail_extra yahoo_quoted moz-cite-prefix moz-forward-"
        "container protonmail_quote zmail_extra tutanota_quote mailcat_quote OutlookMessageHeader "
        "gmail_signature moz-signature mail_quote front-blockquote front-signature spark_quote clean_bq airmail_on "
        "nh_quote history_container cite2 ms-outlook-mobile-reference-message sh-signature"
    )
)
QUOTE_IDS = set(
    words(
        "divRplyFwdMsg x_divRplyFwdMsg appendonsend OLK_SRC_BODY_SECTION mail-editor-reference-message-"
        "container isReplyContent Signature ms-outlook-mobile-signature reply-intro composer_signature "
        "ymail_android_signature"
    )
)

_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    strip_comments=True,
    link_rel="noopener noreferrer nofollow",
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    url_relative="deny",
    allowed_classes=dict.fromkeys(("div", "blockquote", "span", "section", "table", "p"), QUOTE_CLASSES),
    tag_attribute_values={
        "div": {"id": QUOTE_IDS},
        "span": {"id": QUOTE_IDS},
        "p": {"id": QUOTE_IDS},
        "blockquote": {"type": {"cite", "CITE"}},
    },
    set_tag_attribute_values={"a": {"target": "_blank"}},
    filter_style_properties=_STYLES,
)
_OPEN_OR_CLOSE = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")
_ANY_TAG = re.compile(r"<[^<>]*>")
_SELF_CLOSING = frozenset(
    words("area base br col embed hr img input link meta param source track wbr p li td th tr dd dt option o v w")
)
# Yahoo puts a number of its own before every class.
_YAHOO_PREFIX = re.compile(r"\bydp[0-9a-zA-Z]{1,16}yahoo_quoted\b")
_SAFE_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CleanHtml:
    html: str
    remote_images: int


def clean_html(source: str, limits: Limits = DEFAULT_LIMITS, reasons: set[str] | None = None) -> CleanHtml:
    """What may be shown of `source`. Too many tags: the rest is left out and `reasons` says so."""
    source = _cut(source, limits, reasons if reasons is not None else set())
    if _is_too_deep(source, limits):
        # Parsers take quadratic time on it and no mail program writes it; the words are what is worth keeping.
        if reasons is not None:
            reasons.add("html_depth")
        source = "<pre>" + _ANY_TAG.sub(" ", source).replace("<", "&lt;") + "</pre>"
    if "yahoo_quoted" in source:
        source = _YAHOO_PREFIX.sub("yahoo_quoted", source)
    cleaned = _CLEANER.clean(source)
    remote = 0

    def neutralise(image: Attributes) -> Attributes:
        nonlocal remote
        address = value_of(image, "src")
        if address is None:
            return image
        link = unescape(address).strip()
        scheme = link[:5].lower()
        if scheme.startswith("cid:"):
            return replaced(image, "src", ("data-cid", escape(link[4:])))
        if scheme.startswith("http"):
            remote += 1
            return replaced(image, "src", ("data-remote-src", escape(link)))
        return image if _SAFE_DATA.fullmatch(link) else without(image, "src")

    if "<img" in cleaned:
        cleaned = change_elements(cleaned, {"img"}, neutralise)
    if 'href="data:' in cleaned.lower() or 'href="cid:' in cleaned.lower():
        cleaned = change_elements(cleaned, {"a"}, _without_bad_link)
    return CleanHtml(cleaned, remote)


def _without_bad_link(link: Attributes) -> Attributes:
    address = unescape(value_of(link, "href") or "").strip().lower()
    return without(link, "href") if address.startswith(("data:", "cid:")) else link


def _is_too_deep(source: str, limits: Limits) -> bool:
    """Whether elements nest deeper than the limit; those that close by themselves do not count."""
    if source.count("<") <= limits.html_depth * 2:
        return False
    depth = 0
    for closing, name in _OPEN_OR_CLOSE.findall(source):
        if name.lower() not in _SELF_CLOSING:
            depth = max(depth - 1, 0) if closing else depth + 1
            if depth > limits.html_depth:
                return True
    return False


def _cut(source: str, limits: Limits, reasons: set[str]) -> str:
    if len(source) > limits.html_chars:
        reasons.add("html_chars")
        source = source[: limits.html_chars]
    source = _cut_at(source, "<", limits.html_tags, "html_tags", reasons)
    # The HTML parser behind nh3 takes quadratic time on long runs of character references.
    return _cut_at(source, "&", limits.html_entities, "html_entities", reasons)


def _cut_at(source: str, mark: str, limit: int, reason: str, reasons: set[str]) -> str:
    """`source` up to the one `mark` too many."""
    if source.count(mark) <= limit:
        return source
    reasons.add(reason)
    position = -1
    for _ in range(limit + 1):
        position = source.find(mark, position + 1)
    return source[:position]
