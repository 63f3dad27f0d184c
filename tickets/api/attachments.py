"""Files: uploading one for a message to come, and fetching one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from people.api.base import StrictSerializer
from people.api.problems import NotFoundProblem, Problem
from people.storage import open_blob
from people.watching import took_file
from tickets import actions
from tickets.api.base import SpineView
from tickets.api.serializers import AttachmentSerializer
from tickets.models import Attachment

OVERHEAD = 64 * 1024  # what a form adds around its file


class Upload(StrictSerializer):
    file = serializers.FileField(max_length=255, allow_empty_file=False)


class TicketAttachmentsView(SpineView):
    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        length = request.headers.get("Content-Length") or "0"
        if length.isdigit() and int(length) > settings.MAX_UPLOAD_SIZE + OVERHEAD:
            # Said before the body is read, so that nobody waits for an upload that is refused anyway.
            raise Problem(413, "too_large", f"A file may have at most {settings.MAX_UPLOAD_SIZE} bytes.")

    @extend_schema(
        operation_id="attachments_upload",
        request={"multipart/form-data": Upload},
        responses={201: AttachmentSerializer},
        tags=["messages"],
    )
    def post(self, request: Request, ticket_id: int) -> HttpResponseBase:
        """Upload a file; send its id in `attachments` of a message. Unused ones are removed after a day."""

        def effect() -> tuple[int, Any]:
            file = self.body(Upload)["file"]
            stored = actions.upload_attachment(ticket_id, by=self.agent, upload=file, filename=file.name)
            return 201, AttachmentSerializer(stored).data

        return self.once(effect)


class AttachmentView(SpineView):
    @extend_schema(
        operation_id="attachments_get", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        tags=["messages"],
    )  # fmt: skip
    def get(self, request: Request, public_id: object) -> HttpResponseBase:
        """The bytes of a file, always as a download."""
        attachment = self.one(Attachment.objects.filter(ticket__in=self.tickets), public_id=public_id)
        if attachment.message_id is None and attachment.uploaded_by_id != self.agent.pk:
            raise NotFoundProblem  # not sent yet: still its writer's own
        try:
            file = open_blob(attachment.sha256)
        except FileNotFoundError as error:
            raise NotFoundProblem from error
        took_file(self.agent, attachment.public_id, ticket_id=attachment.ticket_id)
        response = FileResponse(
            file, as_attachment=True, filename=attachment.filename, content_type="application/octet-stream"
        )
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response
