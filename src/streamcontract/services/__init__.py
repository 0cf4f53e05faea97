"""The reference services: each a contract in `contracts/` and a handler module."""

from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path

__all__ = ["SERVICES", "Service"]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: the name of its contract's file, and its handler module."""

    contract: str
    handlers: str

    @property
    def path(self) -> Path:
        """The contract's file: in the installed package, or in the repository that this is a checkout of."""
        packaged = Path(str(files("streamcontract") / "contracts" / self.contract))
        return packaged if packaged.is_file() else Path(__file__).parents[3] / "contracts" / self.contract

    def check_settings(self) -> None:
        """Read the service's settings. Raises WrongSettingsError."""
        import_module(f"{self.handlers.rpartition('.')[0]}.settings").get_settings()


SERVICES = {
    "chat": Service("chat.yaml", "streamcontract.services.chat.handlers"),
    "dedupe": Service("dedupe.yaml", "streamcontract.services.dedupe.handlers"),
    "stocks": Service("stocks.yaml", "streamcontract.services.stocks.handlers"),
    "tasks": Service("tasks.yaml", "streamcontract.services.tasks.handlers"),
}
"""All there are, by name; `streamcontract serve` runs them on one port."""
