"""Which providers there are, by the settings."""

import subprocess
import sys

import pytest

from streamcontract.services.chat.providers.builtin import Builtin
from streamcontract.services.chat.providers.make import MAKERS, make_providers
from streamcontract.services.chat.settings import ChatSettings

NAMES = {"openai", "anthropic", "xai"}


def made(**settings: str) -> dict[str, str]:
    providers = make_providers(ChatSettings.model_validate(settings))
    assert [name for name, provider in providers.items() if provider.name != name] == []
    return {name: "builtin" if isinstance(provider, Builtin) else "real" for name, provider in providers.items()}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(f"CHAT_{name.upper()}_API_KEY", raising=False)


def test_the_settings_decide() -> None:
    assert made() == dict.fromkeys(NAMES, "builtin")
    assert made(providers="auto", xai_api_key="k") == {"xai": "real"}
    assert made(providers="builtin", xai_api_key="k") == dict.fromkeys(NAMES, "builtin")
    assert made(providers="real") == {}
    assert made(providers="real", openai_api_key=" ") == {}
    assert made(openai_api_key="k", anthropic_api_key="k", xai_api_key="k") == dict.fromkeys(NAMES, "real")


def test_the_table_names_what_the_contract_names() -> None:
    assert set(MAKERS) == NAMES


def test_an_sdk_is_imported_only_where_its_provider_has_a_key() -> None:
    script = (
        "import sys\n"
        "from streamcontract.services.chat.providers.make import make_providers\n"
        "from streamcontract.services.chat.settings import ChatSettings\n"
        "make_providers(ChatSettings(openai_api_key='k'))\n"
        "print([name for name in ('openai', 'anthropic') if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True, timeout=60)
    assert ran.stdout == "['openai']\n"


def test_a_key_is_not_shown() -> None:
    settings = ChatSettings.model_validate({"openai_api_key": "sk-secret"})
    assert "sk-secret" not in repr(settings)
    assert "sk-secret" not in repr(make_providers(settings))
