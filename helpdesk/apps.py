from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """The composition root. It is an app only so that it may hold management commands and checks."""

    name = "helpdesk"

    def ready(self) -> None:
        # Registering checks needs the app registry; the Celery app must exist before anyone rings the doorbell.
        from helpdesk import celery, checks  # noqa: F401
