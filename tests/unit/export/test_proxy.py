"""Choice of an HTTP proxy from the variables that curl and requests read."""

import pytest

from instrumentation._settings.proxy import proxy_for

PROXY = "http://proxy.internal:3128"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://c:4318", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://c:4318", {"http_proxy": PROXY, "HTTP_PROXY": "http://other"}, PROXY),
        ("http://c:4318", {"HTTP_PROXY": "proxy.internal:3128"}, PROXY),
        ("http://c:4318", {"HTTPS_PROXY": PROXY}, ""),
        ("http://c:4318", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, ""),
        ("https://c:4318", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://c:4318", {"ALL_PROXY": PROXY}, PROXY),
        ("https://c:4318", {}, ""),
    ],
)
def test_the_scheme_chooses_the_variable(url: str, environ: dict[str, str], proxy: str) -> None:
    assert proxy_for(url, environ) == proxy


@pytest.mark.parametrize(
    ("host", "exempt"),
    [
        *(("c.internal", "internal"), ("c.internal", ".internal"), ("c.internal", "x, C.INTERNAL")),
        *(("c.internal", "*"), ("c.internal", "c.internal:4318"), ("10.1.2.3", "10.0.0.0/8")),
        *(("10.1.2.3", "10.1.2.3"), ("[fd00::7]", "fd00::/8")),
        *(("localhost", ""), ("127.0.0.1", ""), ("127.9.9.9", ""), ("[::1]", "")),
    ],
)
def test_exempt_hosts_and_loopback_are_not_proxied(host: str, exempt: str) -> None:
    assert not proxy_for(f"http://{host}:4318", {"HTTP_PROXY": PROXY, "NO_PROXY": exempt})


@pytest.mark.parametrize(
    ("host", "exempt"),
    [
        *(("c.internal", "nal"), ("c.internal", "c.internal:80"), ("c.internal", "10.0.0.0/8")),
        *(("10.1.2.3", "10.0.0.0/16"), ("c.internal", ""), ("c.internal", ",")),
    ],
)
def test_other_hosts_are_proxied(host: str, exempt: str) -> None:
    assert proxy_for(f"http://{host}:4318", {"HTTP_PROXY": PROXY, "NO_PROXY": exempt}) == PROXY
