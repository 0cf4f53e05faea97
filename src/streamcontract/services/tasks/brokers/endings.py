"""The events by which a broker itself ends a task."""

from streamcontract.services.tasks.task import failed

__all__ = ["DROPPED", "LOST", "OVERDUE", "UNREADABLE"]

OVERDUE = failed("DEADLINE_UNMET", "The deadline has passed")
DROPPED = failed("QUEUE_FULL_DROP_LRU", "The queue was full, and this task had waited longest", retriable=True)
LOST = failed("WORKER_RESET", "The worker was lost while it ran the task", retriable=True)
UNREADABLE = failed("INTERNAL", "The task cannot be read by this worker")
