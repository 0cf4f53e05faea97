"""Tells another place in the queue when it starts than when it took the job."""

from jobs import Jobs, jobs


class Moves(Jobs):
    """Is one place further by then."""

    def events(self, position: int, most: int) -> list[bytes]:
        return super().events(position + 1, most)


ID = "rule.started-tells-what-was-admitted"
CONTRACT = jobs()
ROUTES = Moves().routes()
