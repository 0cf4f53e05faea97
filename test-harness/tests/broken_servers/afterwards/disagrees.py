"""Shows something else afterwards than what it has streamed."""

from small_contracts import Tasks, tasks


class Forgets(Tasks):
    """Remembers no length above two."""

    def length_shown(self, length: int) -> int:
        return min(length, 2)


ID = "afterwards.task-knows-its-length"
CONTRACT = tasks()
ROUTES = Forgets().routes()
