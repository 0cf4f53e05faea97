"""Shows afterwards what it has streamed, where a stream is reached through a link."""

from small_contracts import Tasks, tasks

CONTRACT = tasks()
ROUTES = Tasks().routes()
