"""Requests that leave the house: over https, to addresses that may be reached, never redirected, bounded in time and size.

Names are resolved here and the address is called, so that a name cannot mean another address a moment later. Private
addresses (this machine's among them) are reached where CHAT_PRIVATE_NETWORKS names their network, and nowhere else;
plain http goes to this machine alone. What fails names the host and nothing more: paths may hold a token.
"""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from time import monotonic
from typing import Any

import httpx2
from django.conf import settings

from apps.chat.platforms.contract import PlatformError

CONNECT_SECONDS = 5.0
LONGEST_WAIT = 3600.0
"""Seconds that we let a platform ask us to wait."""
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
UNREACHED = (httpx2.ConnectError, httpx2.ConnectTimeout)
MOST_ADDRESSES = 3
GONE = 410
BUSY = (429, 503)
NEVER = (400, 413, 415, 422)
"""What is refused for what it says will be refused again."""
NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """`body` is cut at the most that was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    def retry_after(self, now: datetime) -> float | None:
        """The seconds that the Retry-After header asks for, as a number or a moment (RFC 9110, 10.2.3)."""
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return min(float(said[:9]), LONGEST_WAIT)
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT)

    def refusal(self, now: datetime) -> PlatformError:
        """What a status that is no success means to who posts something. Only 410 and NEVER are for good: what is
        wrong with an address or a secret is mended by a person, and the post can go then."""
        if self.status in BUSY:
            return PlatformError(f"The address asks us to wait ({self.status}).", retry_after=self.retry_after(now))
        if self.status == GONE:
            return PlatformError("The address takes nothing any more (410).", is_permanent=True)
        if self.status in NEVER:
            return PlatformError(f"The address refuses what we say ({self.status}).", is_permanent=True)
        if 300 <= self.status < 400:
            return PlatformError(f"The address redirects ({self.status}), which is not followed: enter where it leads.")
        return PlatformError(f"The address answered {self.status}.", is_unsure=self.status >= 500)


def post(
    url: str, *, headers: Mapping[str, str] | None = None, seconds: float = 15.0, most: int = 1_000_000, **body: Any
) -> Answered:
    """POST the body (httpx2's `json`, `content`, or `data` and `files`). Raises PlatformError.

    `seconds`: the longest silence; the whole answer may take twice as long. A status of any kind is an answer.
    """
    return _asked("POST", url, headers or {}, seconds, most, body)


def get(url: str, parameters: Mapping[str, str], *, seconds: float = 15.0, most: int = 100_000) -> Answered:
    """The same by GET, for what is documented so."""
    return _asked("GET", url, {}, seconds, most, {"params": dict(parameters)})


def _asked(
    verb: str, url: str, headers: Mapping[str, str], seconds: float, most: int, body: Mapping[str, Any]
) -> Answered:
    target = _target(url)
    failed: Exception | None = None
    for address in _addresses(target):
        try:
            return _call(verb, target, address, headers, seconds, most, body)
        except UNREACHED as error:
            failed = error
        except UnicodeEncodeError:
            raise PlatformError("What is to be sent holds half a character.", is_permanent=True) from None
        except httpx2.HTTPError as error:
            raise PlatformError(
                f"{target.host} did not answer as it should ({type(error).__name__}).",
                is_unsure=not isinstance(error, NOT_SENT),
            ) from None
    raise PlatformError(f"{target.host} cannot be reached: {_reason(failed)}.") from None


def check(url: str) -> None:
    """For what a vendor's SDK calls: that it may be called, now. Raises PlatformError."""
    _addresses(_target(url))


def _call(
    verb: str, target: httpx2.URL, address: str, headers: Mapping[str, str], seconds: float, most: int,
    body: Mapping[str, Any],
) -> Answered:  # fmt: skip
    client = _client(target.host)
    request = client.build_request(
        verb,
        target.copy_with(host=address),
        headers={"Host": target.netloc.decode(), "Accept-Encoding": "identity", **headers},
        timeout=httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
        extensions={"sni_hostname": target.host},
        **body,
    )
    response = client.send(request, stream=True)
    try:
        read = b"".join(_at_most(response.iter_bytes(), most, monotonic() + 2 * seconds))
    finally:
        response.close()
    return Answered(status=response.status_code, headers=dict(response.headers), body=read[:most])


def _at_most(chunks: Iterator[bytes], most: int, until: float) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        most -= len(chunk)
        if most <= 0:
            return
        if monotonic() > until:
            raise httpx2.ReadTimeout("The answer trickles.")


@lru_cache(maxsize=32)
def _client(host: str) -> httpx2.Client:
    """One for each host: where names are called by address, two that share one must not share a connection."""
    return httpx2.Client(trust_env=False, cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])))


def _target(url: str) -> httpx2.URL:
    try:
        target = httpx2.URL(url.strip())
    except httpx2.InvalidURL:
        target = httpx2.URL("")
    if target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise PlatformError("Enter an address that begins with https:// and names no user.", is_permanent=True)
    return target


def _addresses(target: httpx2.URL) -> list[str]:
    """The host's addresses that may be reached. Raises PlatformError."""
    try:
        found = socket.getaddrinfo(target.host, target.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # UnicodeError: a label that IDNA refuses
        raise PlatformError(f"{target.host} cannot be found: no such name.") from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    reachable = [address for address in addresses if _may_be_reached(address)]
    if not reachable:
        raise PlatformError(
            f"{target.host} is a private address. Whoever operates Chantilly can allow its network: CHAT_PRIVATE_NETWORKS."
        )
    if target.scheme == "http" and not all(_plain(address).is_loopback for address in reachable):
        raise PlatformError(f"Enter an address that begins with https:// for {target.host}.", is_permanent=True)
    return reachable[:MOST_ADDRESSES]


def _may_be_reached(address: str) -> bool:
    at = _plain(address)
    if any(at in _network(each) for each in settings.CHAT_PRIVATE_NETWORKS):
        return True
    return at.is_global and not (at.is_multicast or at.is_reserved or getattr(at, "is_site_local", False))


@lru_cache(maxsize=64)
def _network(name: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(name.strip(), strict=False)
    except ValueError:
        raise PlatformError(f"CHAT_PRIVATE_NETWORKS: “{name[:50]}” is no network. Write 10.1.0.0/16.") from None


def _plain(address: str) -> Any:
    """The IPv4 address that an IPv6 one stands for, where it does (mapped, 6to4, Teredo, NAT64); else itself."""
    at = ip_address(address.partition("%")[0])
    if not isinstance(at, IPv6Address):
        return at
    if at in NAT64:
        return IPv4Address(int(at) & 0xFFFFFFFF)
    return at.ipv4_mapped or at.sixtofour or (at.teredo[1] if at.teredo else at)


def _reason(error: Exception | None) -> str:
    return str(error)[:150].rstrip(".") or type(error).__name__
