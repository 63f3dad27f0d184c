"""Celery's settings, each against a failure seen elsewhere (docs/operations.md tells which)."""

from __future__ import annotations

from django.conf import settings
from kombu import Queue

from events.redis_servers import broker

broker_url, _asking = broker(settings.REDIS_URL)
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = {
    # Longer than twice the time limit: a job that still runs must not be handed out again.
    "visibility_timeout": 1800,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "queue_order_strategy": "priority",
    **_asking,
}
result_backend = None
task_ignore_result = True
task_store_errors_even_if_ignored = False
task_serializer = "json"
accept_content = ["json"]
task_acks_late = True
task_reject_on_worker_lost = True
task_time_limit = 600
task_soft_time_limit = 540
task_publish_retry = False
worker_prefetch_multiplier = 1
worker_cancel_long_running_tasks_on_connection_loss = True
worker_soft_shutdown_timeout = 30.0
worker_max_tasks_per_child = 500
worker_max_memory_per_child = 400_000
worker_hijack_root_logger = False
worker_send_task_events = False
worker_enable_remote_control = False
timezone = "UTC"
enable_utc = True
task_queues = [Queue("critical"), Queue("default"), Queue("bulk")]
task_default_queue = "default"
# The schedule is composed from code: nothing to keep on disk. Of several beats one ticks.
beat_scheduler = "helpdesk.beat_leader:LeadingScheduler"
