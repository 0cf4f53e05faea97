"""`fetch_url`: where it goes, and where it does not go whatever the notation, the name or the redirect."""

import ssl

import pytest
import trustme
from services.chat.tools.fetching import OUTSIDE, Names, fetch, page, url_of
from wire_server import Exchange, serving

from streamcontract.services.chat.tools.addresses import Gate


def test_a_page_becomes_its_text(site: Names) -> None:
    with serving(page(), host=OUTSIDE) as server:
        result = fetch(url_of(server, path="/a?b=c#d"), site)
    assert result.error is None
    assert result.content == f"Address: {url_of(server, path='/a?b=c')}\nTitle: A page\n\nHello, reader."
    assert result.summary == f"Fetched {url_of(server, path='/a?b=c')}."
    assert result.args == {"url": url_of(server, path="/a?b=c#d")}
    assert result.preview == result.content
    asked = server.seen[0]
    assert (asked.method, asked.path) == ("GET", "/a?b=c")
    assert asked.headers["host"] == f"site.test:{server.port}"
    assert not {"cookie", "authorization"} & set(asked.headers)


@pytest.mark.parametrize("name", ["inside", "both"])
def test_a_name_that_resolves_to_loopback_is_refused_and_nothing_is_sent(site: Names, name: str) -> None:
    with serving(page()) as server:
        result = fetch(url_of(server, name), site)
    assert result.error == "the address is not a public one"
    assert result.content == "Error: the address is not a public one"
    assert server.seen == []


REFUSED_HOSTS = {
    "the address is not a public one": ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1"],
    "the address is not a URL": ["0177.0.0.1", "１２７.0.0.1", "[::1"],
}


@pytest.mark.parametrize(("host", "why"), [(host, why) for why, hosts in REFUSED_HOSTS.items() for host in hosts])
def test_loopback_in_any_notation_is_refused_and_nothing_is_sent(host: str, why: str) -> None:
    with serving(page()) as server:
        result = fetch(f"http://{host}:{server.port}/", Names(), resolver=Gate().resolver)
    assert result.error == why
    assert server.seen == []


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:{port}/", "http://inside.test:{port}/", "http://169.254.169.254/", "//[::1]:{port}/"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_what_is_not_public_is_refused(site: Names, to: str, status: int) -> None:
    with serving(page()) as secret:
        location = to.format(port=secret.port)
        with serving(lambda exchange: exchange.answer(b"", status, Location=location), host=OUTSIDE) as server:
            result = fetch(url_of(server), site)
    assert result.error == "the address is not a public one"
    assert len(server.seen) == 1
    assert secret.seen == []


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("file:///etc/passwd", "only http and https addresses can be fetched"),
        ("http://me:secret@site.test/", "an address with a user name in it cannot be fetched"),
        ("http://site.test:0x/", "the page could not be read"),
        ("http://" + "x" * 2100 + "/", "the address has more than 2000 characters"),
    ],
)
def test_a_redirect_to_what_cannot_be_fetched_is_told(site: Names, to: str, why: str) -> None:
    with serving(lambda exchange: exchange.answer(b"", 302, Location=to), host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == why


def test_redirects_are_followed_each_with_its_own_look_up(site: Names) -> None:
    def lead(exchange: Exchange) -> None:
        if exchange.path == "/end":
            exchange.answer(b"there", content_type="text/plain")
        else:
            exchange.answer(b"", 302, Location="/end", Set_Cookie="a=b")

    with serving(lead, host=OUTSIDE) as server:
        result = fetch(url_of(server), site)
    assert result.content == f"Address: {url_of(server, path='/end')}\n\nthere"
    assert site.asked == ["site.test", "site.test"]
    assert "cookie" not in server.seen[1].headers


def test_redirects_in_a_circle_end(site: Names) -> None:
    with serving(lambda exchange: exchange.answer(b"", 302, Location="/"), host=OUTSIDE) as server:
        assert fetch(url_of(server), site).error == "the page redirects more than 5 times"
    assert len(server.seen) == 6


def test_a_name_that_changes_its_address_gains_nothing(site: Names) -> None:
    """DNS rebinding: public when it is checked, and loopback when it is looked up again, which it is not."""
    names = Names(site=[[OUTSIDE], ["127.0.0.1"]])
    with (
        serving(page("<p>outside</p>"), host=OUTSIDE) as server,
        serving(page("<p>secret</p>"), port=server.port) as secret,
    ):
        result = fetch(url_of(server), names)
        assert result.content.endswith("outside")
        assert secret.seen == []
        assert names.asked == ["site.test"]
        # The next fetch looks it up anew, and now it is refused.
        assert fetch(url_of(server), names).error == "the address is not a public one"
        assert secret.seen == []


def test_a_name_that_changes_its_address_between_redirects_gains_nothing() -> None:
    names = Names(site=[[OUTSIDE], ["127.0.0.1"]])
    with (
        serving(lambda exchange: exchange.answer(b"", 302, Location="/secret"), host=OUTSIDE) as server,
        serving(page("<p>secret</p>"), port=server.port) as secret,
    ):
        assert fetch(url_of(server), names).error == "the address is not a public one"
    assert secret.seen == []


def test_an_allowed_host_may_be_inside(site: Names) -> None:
    with serving(page()) as server:
        assert fetch(url_of(server, "inside"), site, allow=frozenset({"inside.test"})).error is None


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    names = Names(site=[["127.0.0.3", OUTSIDE]])
    with serving(page(), host=OUTSIDE) as server:
        result = fetch(url_of(server), names, public=lambda address: True)
        assert result.error is None
    result = fetch(url_of(server), names, public=lambda address: True)
    assert result.error == "the page's server could not be reached"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_tls_asks_for_the_name_and_checks_it(authority: trustme.CA, site: Names) -> None:
    names: list[str | None] = []
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("site.test").configure_cert(served)
    served.sni_callback = lambda connection, name, context: names.append(name)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with serving(page(), host=OUTSIDE, context=served) as server:
        url = f"https://site.test:{server.port}/"
        assert fetch(url, site, context=trusting).error is None
        assert server.seen[0].headers["host"] == f"site.test:{server.port}"
        assert fetch(url, site).error == "the page's server could not be reached"  # an authority that is not trusted
        other = Names(other=[[OUTSIDE]])
        wrong = fetch(f"https://other.test:{server.port}/", other, context=trusting)
        assert wrong.error == "the page's server could not be reached"  # the certificate is for another name
    assert names == ["site.test", "site.test", "other.test"]
    assert len(server.seen) == 1
