"""Browsers that are told of notices while no page is open."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from people.models import Agent


class PushKey(models.Model):
    """The one key by which push services know us; made when the first browser asks. Its private half is encrypted."""

    holds_credentials = True

    id = models.SmallIntegerField(primary_key=True, default=1)
    public = models.CharField(max_length=120)
    secret = models.TextField(editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="push_key_one")]

    def __str__(self) -> str:
        return "key of Web Push"


class PushSubscription(models.Model):
    """One browser of an agent. `session_key`: it is told only as long as that session of theirs lives, so that a
    shared computer says nothing after signing out. Only `shows_subject` ones are told a ticket's subject."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=120)
    auth = models.CharField(max_length=40)
    session_key = models.CharField(max_length=40)
    shows_subject = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    failures = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"browser of agent {self.agent_id}"


class PushedNotice(models.Model):
    """That a browser was, or is being, told of a notice: written before it is sent, so that none is told twice."""

    subscription = models.ForeignKey(PushSubscription, on_delete=models.CASCADE, related_name="pushed", db_index=False)
    notice_id = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "notice_id"], name="pushed_once")]

    def __str__(self) -> str:
        return f"notice {self.notice_id} to browser {self.subscription_id}"
