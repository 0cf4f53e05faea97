"""The contract of an event stream, made executable."""

from streamcontract.contract.model import Contract, Operation, Stream
from streamcontract.contract.problems import ContractError, Location, Problem
from streamcontract.monitor.findings import Finding, Level, Unsettled, Verdict
from streamcontract.monitor.monitor import StreamMonitor
from streamcontract.monitor.request import Linked, Request, Response
from streamcontract.monitor.timing import Tolerance
from streamcontract.wire.events import Event

__all__ = [
    "Contract",
    "ContractError",
    "Event",
    "Finding",
    "Level",
    "Linked",
    "Location",
    "Operation",
    "Problem",
    "Request",
    "Response",
    "Stream",
    "StreamMonitor",
    "Tolerance",
    "Unsettled",
    "Verdict",
]
__version__ = "0.1.0"
