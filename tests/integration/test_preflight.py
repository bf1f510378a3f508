"""The preflight against real servers, good ones and broken ones: every failure is one clear line."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from odd_servers import answering, mute, saying, serving, silent, talking
from running import PING, plan_of
from tests.certificates import self_signed
from tests.servers.connect_proxy import ConnectProxy

from wsrun.compiler import compile_plan
from wsrun.coordinator.preflight import PreflightOptions, preflight
from wsrun.demo.process import DemoServer
from wsrun.plan import Plan
from wsrun.preflight.finding import Finding, is_bad
from wsrun.source import parse

TEXT = f"messages: {{ ping: {PING} }}\nphases: [ {{ duration: 1m, clients: 20 }} ]\n"
QUICK = "connect_timeout: 1s, close_timeout: 1s"
DAY = timedelta(days=1)


def checked(plan: Plan, folder: Path) -> dict[str, dict[str, Finding]]:
    """Make the preflight of a plan; the findings by section and name."""
    sections = list(preflight(plan, PreflightOptions(out=folder, workers=1)))
    return {section.title: {finding.name: finding for finding in section.findings} for section in sections}


def check(url: str, folder: Path, *, target: str = QUICK, text: str = TEXT) -> dict[str, dict[str, Finding]]:
    """Make the preflight of a scenario, given without its head."""
    return checked(plan_of(text, url, target=target), folder)


def test_a_good_server_has_nothing_bad(tmp_path: Path) -> None:
    """Each step of the way is there, one handshake was done, one message was answered."""
    with DemoServer() as server:
        plan = plan_of(TEXT, server.url("/echo"))
        sections = list(preflight(plan, PreflightOptions(out=tmp_path)))
    machine, place, client = sections

    assert not is_bad(sections)
    assert [finding.name for finding in machine.findings] == [
        "descriptors",
        "ports",
        "memory",
        "cores",
        "results",
        "clock",
    ]
    assert [finding.name for finding in place.findings] == ["tcp", "handshake"]
    assert [finding.name for finding in client.findings] == ["connect main", "send ping"]
    assert client.findings[-1].text.startswith("answered in ")
    assert list(tmp_path.iterdir()) == []


def test_the_embedded_servers_are_started_for_it(tmp_path: Path) -> None:
    """Both of a failover; the titles are as written."""
    found = check("demo:/echo", tmp_path, target='failover: [ "demo2:/echo" ]')

    assert list(found) == ["this machine", "demo:/echo", "demo2:/echo", "one client of all"]
    assert {one.state for title in list(found)[1:] for one in found[title].values()} == {"good"}


def test_a_port_without_a_listener(tmp_path: Path) -> None:
    """Nobody is sent there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        found = check(f"ws://127.0.0.1:{port}/", tmp_path)

    tcp = found[f"ws://127.0.0.1:{port}/"]["tcp"]
    assert (tcp.state, tcp.text) == ("bad", f"nobody listens at 127.0.0.1:{port}")
    assert found["one client"]["visit"].state == "unknown"


def test_a_host_without_an_address(tmp_path: Path) -> None:
    """With what the resolver says (RFC 6761: .invalid is nobody's)."""
    found = check("ws://nobody.invalid/", tmp_path)["ws://nobody.invalid/"]

    assert list(found) == ["name"]
    assert found["name"].state == "bad"
    assert found["name"].text.startswith("nobody.invalid has no address: ")


def test_a_port_that_swallows_connections(tmp_path: Path) -> None:
    """A full backlog answers nobody: the time is told, and a firewall suspected."""
    with socket.socket() as deaf, contextlib.ExitStack() as fillers:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        url = f"ws://127.0.0.1:{deaf.getsockname()[1]}/"
        found = check(url, tmp_path)[url]

    assert (found["tcp"].state, found["tcp"].figures["cause"]) == ("bad", "connect-timeout")
    assert found["tcp"].text.endswith("within 1 s")
    assert "firewall" in found["tcp"].fixes[0]


def test_a_server_that_stays_silent(tmp_path: Path) -> None:
    """TCP is good, and the handshake has its time."""
    with talking(silent) as port:
        found = check(f"ws://127.0.0.1:{port}/", tmp_path)
        secure = check(f"wss://127.0.0.1:{port}/", tmp_path)

    place = found[f"ws://127.0.0.1:{port}/"]
    assert (place["tcp"].state, place["handshake"].state) == ("good", "bad")
    assert place["handshake"].text == f"127.0.0.1:{port} did not answer the handshake within 1 s"
    assert found["one client of all"]["connect main"].text == "not done, as said above"
    assert secure[f"wss://127.0.0.1:{port}/"]["tls"].state == "bad"


@pytest.mark.parametrize(
    ("answer", "says", "fix"),
    [
        pytest.param(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nnothing here",
            "the server refused the handshake with HTTP 404; it says: nothing here",
            "check the path",
            id="404",
        ),
        pytest.param(
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
            "the server refused the handshake with HTTP 403",
            "look at the token",
            id="403",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n<h1>Hi!</h1>",
            "the server answered HTTP 200 instead of switching to WebSocket; it says: <h1>Hi!</h1>",
            "check port and path",
            id="a web page",
        ),
        pytest.param(
            b"SSH-2.0-x\r\n\r\n", "the server's answer to the handshake is not HTTP", "check port", id="ssh"
        ),
    ],
)
def test_servers_that_do_not_upgrade(answer: bytes, says: str, fix: str, tmp_path: Path) -> None:
    """Status and body are told, and what may help."""
    with talking(saying(answer)) as port:
        found = check(f"ws://127.0.0.1:{port}/", tmp_path)[f"ws://127.0.0.1:{port}/"]

    assert (found["handshake"].state, found["handshake"].text) == ("bad", says)
    assert found["handshake"].fixes[0].startswith(fix)


def test_a_reply_that_does_not_come(tmp_path: Path) -> None:
    """The handshake is good, the message is not."""
    with serving(mute) as port:
        found = check(f"ws://127.0.0.1:{port}/", tmp_path)

    assert found[f"ws://127.0.0.1:{port}/"]["handshake"].state == "good"
    sent = found["one client of all"]["send ping"]
    assert sent.state == "bad"
    assert sent.text.startswith("ping: no reply within 2 s")


def secured(folder: Path, *, begins: timedelta, ends: timedelta) -> tuple[ssl.SSLContext, Path]:
    certificate, key = self_signed(folder, begins=begins, ends=ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


@pytest.mark.parametrize(
    ("ends", "trust", "state", "says"),
    [
        pytest.param(
            90.5 * DAY, "ca", "good", "CN=wsrun test, expires in 90 days, checked against", id="good"
        ),
        pytest.param(5.5 * DAY, "ca", "warning", "expires in 5 days", id="soon"),
        pytest.param(
            90.5 * DAY, "", "bad", "self-signed certificate (CN=wsrun test, signed by itself", id="own"
        ),
        pytest.param(-3.5 * DAY, "ca", "bad", "certificate has expired (CN=wsrun test", id="expired"),
        pytest.param(-3.5 * DAY, "any", "warning", "expired 3 days ago, not checked", id="nobody asks"),
    ],
)
def test_certificates(ends: timedelta, trust: str, state: str, says: str, tmp_path: Path) -> None:
    """What is wrong with one is told with whose it is and when it ends."""
    context, certificate = secured(tmp_path, begins=-30 * DAY, ends=ends)
    trusts = {"ca": f", tls: {{ ca: '{certificate}' }}", "any": ", tls: { verify: false }", "": ""}[trust]
    with serving(answering, context) as port:
        found = check(f"wss://127.0.0.1:{port}/", tmp_path, target=QUICK + trusts)
    place = found[f"wss://127.0.0.1:{port}/"]

    assert place["tls"].state == state
    assert says in place["tls"].text
    assert ("handshake" in place) == (state != "bad")
    assert place["tls"].figures["days_left"] == ends.days


def test_a_server_that_stands_in_makes_a_dead_one_a_warning(tmp_path: Path) -> None:
    """A run would go on, and the client does."""
    with socket.socket() as held, serving(answering) as port:
        held.bind(("127.0.0.1", 0))
        dead = held.getsockname()[1]
        target = f'{QUICK}, failover: [ "ws://127.0.0.1:{port}/" ]'
        found = check(f"ws://127.0.0.1:{dead}/", tmp_path, target=target)

    assert found[f"ws://127.0.0.1:{dead}/"]["tcp"].state == "warning"
    assert found[f"ws://127.0.0.1:{port}/"]["handshake"].state == "good"
    assert found["one client of all"]["send ping"].state == "good"


def test_each_socket_has_its_handshake(tmp_path: Path) -> None:
    """One that no step of the first client connects is called by itself."""
    with serving(answering) as one, serving(answering) as two:
        target = f'{QUICK}, sockets: {{ feed: {{ url: "ws://127.0.0.1:{two}/" }} }}'
        found = check(f"ws://127.0.0.1:{one}/", tmp_path, target=target)

    assert found[f"main: ws://127.0.0.1:{one}/"]["handshake"].state == "good"
    assert found[f"feed: ws://127.0.0.1:{two}/"]["handshake"].state == "good"


def test_what_a_client_must_know_first_is_not_known(tmp_path: Path) -> None:
    """A socket whose URL is captured by a step that the first client does not come to."""
    text = (
        f"messages: {{ ping: {PING} }}\n"
        "profiles: { all: { flow: [ { send: ping }, { set: { place: x } }, { connect: feed } ] } }\n"
        "phases: [ { duration: 1s, clients: 1 } ]\n"
    )
    with serving(answering) as port:
        target = f'{QUICK}, sockets: {{ feed: {{ url: "ws://127.0.0.1:{port}/{{{{ place }}}}" }} }}'
        found = check(f"ws://127.0.0.1:{port}/", tmp_path, target=target, text=text)

    feed = found[f"feed: ws://127.0.0.1:{port}/{{{{ place }}}}"]
    assert feed["handshake"].state == "unknown"
    assert "place" in feed["handshake"].text


def test_proxies_are_looked_at_before_the_server(tmp_path: Path) -> None:
    """The tunnel has a line; one that is refused names the proxy."""
    with serving(answering) as port:
        with ConnectProxy() as proxy:
            good = check(f"ws://127.0.0.1:{port}/", tmp_path, target=f'{QUICK}, proxy: "{proxy.url}"')
        with ConnectProxy(answer=b"HTTP/1.1 403 Forbidden\r\n\r\n") as proxy:
            bad = check(f"ws://127.0.0.1:{port}/", tmp_path, target=f'{QUICK}, proxy: "{proxy.url}"')
    title = f"ws://127.0.0.1:{port}/"

    assert good[title]["proxy"].text == f"a tunnel leads to 127.0.0.1:{port}"
    assert good[title]["handshake"].state == "good"
    assert bad[title]["proxy"].state == "bad"
    assert "refused the tunnel" in bad[title]["proxy"].text


def test_a_login_comes_before_the_handshake(tmp_path: Path) -> None:
    """HTTP has its own line, and the token that it gives opens the socket."""
    path = Path(__file__).parents[2] / "scenarios" / "login.yaml"
    plan = compile_plan(parse(path.read_text("utf-8"), str(path), environ={}), seed=1)
    found = checked(plan, tmp_path)

    del found["this machine"]
    assert {one.state for section in found.values() for one in section.values()} == {"good"}
    assert "send login" in found["one client of members"]


def test_extensions_and_subprotocols_are_told(tmp_path: Path) -> None:
    """What was offered and not taken is a warning."""
    with serving(answering) as port:
        url = f"ws://127.0.0.1:{port}/"
        deflated = check(url, tmp_path, target=f"{QUICK}, compression: deflate")[url]["handshake"]
        unchosen = check(url, tmp_path, target=f"{QUICK}, subprotocols: [ mcp ]")[url]["handshake"]

    assert (deflated.state, deflated.figures["extensions"]) == ("good", ["permessage-deflate"])
    assert unchosen.state == "warning"
    assert "none of the subprotocols mcp was chosen" in unchosen.text


def test_what_a_server_says_again_stays_secret(tmp_path: Path) -> None:
    """A refusal that quotes the token does not end in the log of a pipeline."""

    async def quoting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            body = b"no: " + next(iter(line for line in head.split(b"\r\n") if b"Bearer" in line), b"")
            writer.write(b"HTTP/1.1 401 Who\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        writer.close()

    with talking(quoting) as port:
        url = f"ws://127.0.0.1:{port}/"
        target = f'{QUICK}, headers: {{ Authorization: "Bearer s3cr3t-t0ken-abc" }}'
        found = check(url, tmp_path, target=target)[url]["handshake"]

    assert "no: Authorization: ***" in found.text
    assert "s3cr3t" not in found.text


def test_a_target_that_takes_its_time_is_waited_for(tmp_path: Path) -> None:
    """As a run does, for `wait_until_ready`; without it nobody is there."""
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{late.getsockname()[1]}/"
        timer = threading.Timer(0.5, late.listen)
        at_once = check(url, tmp_path)[url]
        timer.start()
        waiting = check(url, tmp_path, target=f"{QUICK}, wait_until_ready: 20s")[url]
        timer.join()

    assert at_once["tcp"].state == "bad"
    assert waiting["tcp"].state == "good"


def test_of_several_addresses_the_one_that_answers_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``localhost`` is often ::1 first, where a server on 127.0.0.1 is not: that is a warning, and works."""
    known = socket.getaddrinfo

    def both(host: str, port: int, *more: object, **most: object) -> list[object]:
        found = known("127.0.0.2", port, *more, **most) + known("127.0.0.1", port, *more, **most)  # type: ignore[arg-type]
        return found if host == "twice.test" else known(host, port, *more, **most)  # type: ignore[arg-type, return-value]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with serving(answering) as port:
        url = f"ws://twice.test:{port}/"
        found = check(url, tmp_path)[url]

    assert found["name"].figures["addresses"] == ["127.0.0.2", "127.0.0.1"]
    assert found["tcp"].state == "warning"
    assert "nobody is at 127.0.0.2, which comes first" in found["tcp"].text
