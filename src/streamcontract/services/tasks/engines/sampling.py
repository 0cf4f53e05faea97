"""How tokens are drawn: profiles by name, and the seed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from streamcontract.services.tasks.engines.engine import EngineError, Job

__all__ = ["DEFAULT", "PROFILES", "Profile", "identity", "profile_of", "seed_of"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a sampler is told. All of it is sent, as a server's own defaults may be others tomorrow."""

    temperature: float
    top_p: float = 1.0
    top_k: int = 0
    """0: all."""
    min_p: float = 0.0


DEFAULT = "v1"

PROFILES: Mapping[str, Profile] = {
    "v1": Profile(temperature=0.8, top_p=0.95, top_k=40, min_p=0.05),
    "v1-greedy": Profile(temperature=0.0),
    "v1-wide": Profile(temperature=1.0),
}
"""A profile never changes: another sampler gets another name, so that the same name gives the same tokens."""

SEEDS = 2**32 - 1
"""How many seeds there are. The highest 32-bit number is not one of them: to llama.cpp it means "any"."""


def profile_of(job: Job) -> Profile:
    """The profile that a job names. Raises EngineError."""
    name = job.sampler_profile or DEFAULT
    if found := PROFILES.get(name):
        return found
    raise EngineError("INVALID_PARAMS", f"no sampler profile is called {name}; there are {', '.join(PROFILES)}")


def identity(job: Job) -> bytes:
    """What makes two jobs the same, as a digest; how long the answer may be does not change how it begins."""
    parts = (job.prompt, job.model_ref, job.sampler_profile, "" if job.seed is None else str(job.seed))
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


def seed_of(job: Job) -> int | None:
    """The seed to send: the job's own; one made from the job where the same tokens are asked for; None: any."""
    if job.seed is not None:
        return job.seed % SEEDS
    return int.from_bytes(identity(job)[:8], "big") % SEEDS if job.strict else None
