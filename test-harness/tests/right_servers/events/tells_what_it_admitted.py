"""Keeps what it said when it took the job, and lets it be cancelled."""

from jobs import Jobs, jobs

CONTRACT = jobs()
ROUTES = Jobs().routes()
