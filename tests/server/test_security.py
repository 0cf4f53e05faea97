"""Who may come in: each scheme by a function of the handler module, asked for only where that is wanted."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Served, answering, handlers, openapi, serve, written

from streamcontract.server import HandlerError, create_app

SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://x.example/t", "scopes": {"read": "r"}}},
    },
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://x.example/.well-known/openid-configuration"},
}


async def answer(user: Any = None, token_info: Any = None) -> dict[str, Any]:
    return {"user": user, "token_info": token_info}


def bearer_info(token: str) -> Any:
    return {"sub": "ann", "token": token} if token == "right" else None


async def basic_info(username: str, password: str) -> Any:
    return {"sub": username} if password == "pa:ss" else None


def apikey_info(key: str) -> Any:
    return {"sub": "key"} if key == "k" else None


def token_info(token: str) -> Any:
    return {"sub": "oa", "scope": token} if token in ("read", "write") else None


CHECKS = {"bearer_info": bearer_info, "basic_info": basic_info, "apikey_info": apikey_info, "token_info": token_info}
SECURED: dict[str, list[dict[str, list[str]]]] = {
    "bearer": [{"bearer": []}],
    "basic": [{"basic": []}],
    "key": [{"key": []}],
    "oauth": [{"oauth": ["read"]}],
    "oidc": [{"oidc": ["read"]}],
    "both": [{"bearer": [], "key": []}],
    "either": [{"bearer": []}, {"key": []}],
    "optional": [{}, {"bearer": []}],
    "open": [],
}


def tree(**operations: Any) -> dict[str, Any]:
    paths = {f"/{name}": {"get": answering(security=security)} for name, security in operations.items()}
    for name, item in paths.items():
        item["get"]["operationId"] = f"answer{name.title().strip('/')}"
    return openapi(paths, components={"securitySchemes": SCHEMES})


def module(names: Any, **hooks: Any) -> Any:
    return handlers(**{f"answer_{name}": answer for name in names}, **hooks)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = written(tmp_path_factory.mktemp("secured"), tree(**SECURED))
    with serve(create_app({path: module(SECURED, **CHECKS)})) as served:
        yield served


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("path", "headers", "user"),
    [
        ("/bearer", bearer("right"), "ann"),
        ("/bearer", {"Authorization": "bEaReR right"}, "ann"),
        ("/basic", basic("bob:pa:ss"), "bob"),
        ("/key", {"X-Key": "k"}, "key"),
        ("/oauth", bearer("read"), "oa"),
        ("/oidc", bearer("read"), "oa"),
        ("/either", {"X-Key": "k"}, "key"),
        ("/either", bearer("right"), "ann"),
        ("/optional", {}, None),
        ("/optional", bearer("right"), "ann"),
        ("/open", {}, None),
    ],
)
def test_who_has_the_right_credentials_comes_in(secured: Served, path: str, headers: dict[str, str], user: Any) -> None:
    answered = secured.client.get(path, headers=headers)
    assert answered.status_code == 200, answered.text
    assert answered.json()["user"] == user


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/bearer", {}, 401),
        ("/bearer", bearer("wrong"), 401),
        ("/bearer", {"Authorization": "Bearer"}, 401),
        ("/bearer", basic("ann:right"), 401),
        ("/basic", basic("bob:wrong"), 401),
        ("/basic", {"Authorization": "Basic %%%"}, 401),
        ("/key", {}, 401),
        ("/key", {"X-Key": "x"}, 401),
        ("/oauth", bearer("write"), 403),
        ("/both", {"X-Key": "k"}, 401),
        ("/either", {}, 401),
    ],
)
def test_who_has_not_is_told_what_is_asked_for(
    secured: Served, path: str, headers: dict[str, str], status: int
) -> None:
    answered = secured.client.get(path, headers=headers)
    assert answered.status_code == status, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["status"] == status
    if status == 401:
        assert answered.headers["www-authenticate"]
    assert "right" not in answered.text


def test_the_challenge_names_the_scheme(secured: Served) -> None:
    assert secured.client.get("/bearer").headers["www-authenticate"] == "Bearer"
    assert secured.client.get("/basic").headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("security", ["bearer", "optional"])
@pytest.mark.parametrize(("required", "status"), [(True, 401), (False, 200)])
def test_a_module_decides_whether_credentials_are_asked_for(
    tmp_path: Path, security: str, required: bool, status: int
) -> None:
    made = module([security], bearer_info=bearer_info, auth_required=lambda: required)
    with serve(create_app({written(tmp_path, tree(**{security: SECURED[security]})): made})) as served:
        assert served.client.get(f"/{security}").status_code == status
        assert served.client.get(f"/{security}", headers=bearer("right")).status_code == 200


def test_credentials_are_looked_at_before_the_body(tmp_path: Path) -> None:
    operation = answering(
        security=[{"bearer": []}], requestBody={"required": True, "content": {"application/json": {}}}
    )
    made = openapi({"/a": {"post": operation}}, components={"securitySchemes": SCHEMES})
    with serve(create_app({written(tmp_path, made): handlers(answer=answer, **CHECKS)})) as served:
        assert served.client.post("/a", content=b"{").status_code == 401


def test_a_module_without_the_function_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(HandlerError, match=r"has no function bearer_info\(\)"):
        create_app({written(tmp_path, tree(bearer=SECURED["bearer"])): module(["bearer"])})


def test_the_environment_names_no_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connexion would take BEARERINFO_FUNC from the environment before anything else is known."""
    monkeypatch.setenv("BEARERINFO_FUNC", "os.system")
    made = module(["bearer"], bearer_info=bearer_info)
    with serve(create_app({written(tmp_path, tree(bearer=SECURED["bearer"])): made})) as served:
        assert served.client.get("/bearer", headers=bearer("true")).status_code == 401


def test_where_several_are_asked_for_each_is_known_by_its_name(secured: Served) -> None:
    answered = secured.client.get("/both", headers={**bearer("right"), "X-Key": "k"}).json()
    assert sorted(answered["token_info"]) == ["bearer", "key"]
    assert answered["user"] in ("ann", "key")
