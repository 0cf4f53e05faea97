"""Connexion binds operations to handlers that yield events; a guard holds every stream to its contract."""

from streamcontract.server.app import Application, create_app
from streamcontract.server.call import current_client, current_request
from streamcontract.server.handlers import HandlerError
from streamcontract.server.head import Head
from streamcontract.server.lifespan import StartError
from streamcontract.server.problems import Problem, new_reference
from streamcontract.server.settings import Settings
from streamcontract.server.tracing import stage

__all__ = [
    "Application",
    "HandlerError",
    "Head",
    "Problem",
    "Settings",
    "StartError",
    "create_app",
    "current_client",
    "current_request",
    "new_reference",
    "stage",
]
