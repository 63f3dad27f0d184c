"""Pages that no table of tests/security/routes.py visits, so that every page of ours is opened by somebody; and what is
no page, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter
from django.utils import timezone

from channels_inbound.contact_form.taking import set_contact_form
from channels_inbound.models import Connection
from knowledge.models import ArticleRevision, ArticleTranslation, Category
from metrics.mailing.actions import leave_url, save_mailing
from metrics.models import Survey, SurveyInvitation
from metrics.surveys.links import answer_url, public_url
from people.invitations import password_link
from people.models import Agent, CustomRole, Identity, MailKind
from people.unsubscribing import unsubscribe_url
from tests.knowledge.shelf import article, open_centre, shelf
from tests.security.routes import Visit
from tests.security.world import Corner
from tickets.models import Ticket

SAMPLES: dict[type, object] = {IntConverter: 1, UUIDConverter: UUID(int=0)}
SHOP = "http://localhost:4999"
OF_AGENTS = [
    Visit("security", "/profile/security/"),
    Visit("tokens", "/profile/tokens/"),
    Visit("all_tokens", "/team/tokens/"),
    Visit("services", "/team/sign-in/"),
    Visit("service_new", "/team/sign-in/new/"),
    Visit("team", "/team/"),
    Visit("agent_new", "/team/agents/new/"),
    Visit("agent_edit", "/team/agents/{agent}/"),
    Visit("roles", "/team/roles/"),
    Visit("role_new", "/team/roles/new/"),
    Visit("role_edit", "/team/roles/{role}/"),
    Visit("team_new", "/team/teams/new/"),
    Visit("team_edit", "/team/teams/{team}/"),
    Visit("knowledge", "/knowledge/"),
    Visit("knowledge_readers", "/knowledge/readers/"),
    Visit("knowledge_settings", "/knowledge/settings/"),
    Visit("knowledge_search", "/knowledge/search/", query={"q": "boots"}),
    Visit("knowledge_categories", "/knowledge/categories/"),
    Visit("knowledge_category_new", "/knowledge/categories/new/"),
    Visit("knowledge_category", "/knowledge/categories/{category}/"),
    Visit("article_new", "/knowledge/articles/new/"),
    Visit("article_open", "/knowledge/articles/{article}/"),
    Visit("article_edit", "/knowledge/articles/{article}/en/"),
    Visit("article_read", "/knowledge/articles/{article}/en/read/"),
    Visit("article_preview", "/knowledge/articles/{article}/en/preview/"),
    Visit("article_revision", "/knowledge/articles/{article}/en/revisions/1/"),
    Visit("sender_check", "/channels/{channel}/sender-check/"),
]
OF_EVERYBODY = [
    Visit("help_home", "/help/"),
    Visit("help_start", "/help/en/"),
    Visit("help_search", "/help/en/search/", query={"q": "boots"}),
    Visit("help_category", "/help/en/categories/{shelf}/"),
    Visit("help_article", "/help/en/articles/{slug}/"),
    Visit("help_nowhere", "/help/en/nothing/at/all/", answers=(404,)),
    Visit("contact", "/contact/{form}/", query={"lang": "en"}),
    Visit("survey", "{answer_url}"),
    Visit("survey_public", "{public_url}"),
    Visit("unsubscribe", "{unsubscribe_url}"),
    Visit("mailing_leave", "{leave_url}"),
    Visit("invitation", "{password_link}"),
]
NO_PAGE = {
    "script, sheet, picture or figures, whose address holds no word of others": {
        "contact_loader", "widget_loader", "widget_more", "colour_sheet", "brand_logo", "manifest", "favicon",
        "service_worker", "help_theme", "healthz", "readyz", "metrics", "article_picture", "help_picture",
    },
    "a file or a picture, which no page of ours is around: tests/security/test_files.py": {
        "file", "file_thumb", "file_inline", "attached_mail_file", "attached_mail_picture", "out_file",
        "export_download",
    },
    "answers with JSON or XML, which the widget and search engines read": {
        "widget_facts", "widget_ask", "help_sitemap", "help_api_search", "help_api_article", "help_api_article_at", "push_key",
    },
    "called by machines": {"hook", "shop_hook"},
    "leads elsewhere": {"sso_start", "sso_done", "consent_done", "setup"},
    "a page without a word of anybody": {"offline"},
    "what was set up elsewhere, or is another's, and is opened there: tests/people/test_sso.py": {"service_edit"},
    "only where no mail leaves: tests/security/test_evil_customer.py::test_the_demo_mailbox_too": {
        "demo_mailbox", "demo_mail", "demo_thread", "demo_write", "demo_reply",
    },
}  # fmt: skip


def enrich_public(corner: Corner, admin: Agent) -> None:
    """The public pages and those of the help centre, with the word wherever somebody writes."""
    word, ids = corner.word, corner.ids
    open_centre(titles={"en": f"{word} help"})
    category = shelf("Boots", names={"en": f"{word} boots"}, descriptions={"en": word})
    row = article(category, en=(f"{word} boots", f"How {word} boots are returned."), keywords=word)
    ArticleTranslation.objects.filter(article=row).update(slug="boots")
    written = ArticleTranslation.objects.get(article=row)
    ArticleRevision.objects.create(
        translation=written, number=1, kind="saved", title=word, body=word, at=timezone.now()
    )
    Category.objects.filter(pk=category.pk).update(slug="boots")
    form = set_contact_form(corner.channel.pk, by=admin, is_active=True, greeting=word, origins=[])
    # A key is made by us, and nobody else writes one.
    Connection.objects.filter(channel=ids["connected"]).update(key="k" * 32)
    widget = Connection.objects.get(channel=ids["chat"])
    widget.settings["origins"].append(SHOP)
    widget.save()
    Survey.objects.filter(pk=ids["survey"]).update(is_active=True, web_link=True)
    survey, ticket, now = Survey.objects.get(pk=ids["survey"]), Ticket.objects.get(pk=ids["ticket"]), timezone.now()
    asked = SurveyInvitation.objects.create(
        ticket=ticket, cycle=1, survey=survey, kind="csat", state="asked", planned_at=now, asked_at=now,
        customer=ticket.customer, channel_id=corner.channel.pk, secret="x" * 22,
    )  # fmt: skip
    mailing = save_mailing(
        None, by=admin, report="work", query="", rhythm="daily", hour=7, time_zone="UTC", readers=[admin.pk]
    )
    identity = Identity.objects.filter(customer=ticket.customer).earliest("pk")
    newcomer = Agent.objects.create(email=f"{word}@shop.example", name=f"{word} new", role="agent")
    urls = {
        "answer_url": answer_url(asked), "public_url": public_url(survey), "leave_url": leave_url(mailing.pk, admin.pk),
        "unsubscribe_url": unsubscribe_url(identity.pk, MailKind.SURVEY, "en"), "password_link": password_link(newcomer),
    }  # fmt: skip
    ids |= {name: urlsplit(url).path for name, url in urls.items()}
    role = CustomRole.objects.create(name=f"{word} role", permissions=["read_tickets"])
    ids |= {"role": role.pk, "category": category.pk, "article": row.pk, "shelf": "boots", "slug": "boots",
            "form": form.key, "widget": widget.key}  # fmt: skip


def addresses() -> dict[str, URLPattern]:
    """Each route of the site outside the API and the sign-in pages, by its name."""

    def walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                yield entry.name or str(entry.pattern).strip("/"), entry
            elif str(entry.pattern) not in ("api/", "accounts/"):
                yield from walk(entry)

    return {name: one for name, one in walk(get_resolver()) if not name.startswith(("account_", "mfa_"))}


def takes_get(client: Client, route: URLPattern, name: str) -> bool:
    """Whether a page may be there: GET is not refused for being GET."""
    given = {part: SAMPLES.get(type(one), "x") for part, one in route.pattern.converters.items()}
    return client.get(reverse(name, kwargs=given)).status_code != 405
