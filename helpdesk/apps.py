from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """The composition root. It is an app only so that it may hold management commands and checks."""

    name = "helpdesk"

    def ready(self) -> None:
        from helpdesk import checks  # noqa: F401  registering checks needs the app registry
