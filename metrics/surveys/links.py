"""Links of surveys: signed for this purpose alone, so that no other link of ours opens one."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

from metrics.models import Survey, SurveyInvitation

_SIGNER = signing.Signer(sep=".", salt="metrics.survey.answer")


def answer_token(invitation: SurveyInvitation) -> str:
    return _SIGNER.sign(invitation.secret or "")


def answer_url(invitation: SurveyInvitation, score: int | None = None) -> str:
    """Where the question is answered; with a score, that one is chosen on the page, and nothing is recorded yet."""
    path = reverse("survey", args=[answer_token(invitation)])
    return f"{settings.BASE_URL}{path}" + ("" if score is None else f"?score={score}")


def public_url(survey: Survey) -> str:
    return f"{settings.BASE_URL}{reverse('survey_public', args=[survey.public_id])}"


def invitation_of(token: str) -> SurveyInvitation | None:
    """Whose answering link this is; None for any other text."""
    try:
        secret = _SIGNER.unsign(token)
    except signing.BadSignature:
        return None
    return SurveyInvitation.objects.select_related("survey", "ticket").filter(secret=secret).first() if secret else None
