"""Fetch a page with one of Python's HTTP clients: `fetch.py URL CLIENT`.

Any Python 3 runs this, with what it has installed.
"""

import sys


def _ssl(url: str) -> None:
    import urllib.request

    urllib.request.urlopen(url, timeout=10).read()  # noqa: S310 -- it is https


def _requests(url: str) -> None:
    import requests

    requests.get(url, timeout=10)


def _httpx(url: str) -> None:
    import httpx

    httpx.get(url, timeout=10)


def _aiohttp(url: str) -> None:
    import asyncio

    import aiohttp

    async def fetch() -> None:
        session = aiohttp.ClientSession(trust_env=True)
        async with session, session.get(url) as answer:
            await answer.read()

    asyncio.run(fetch())


_CLIENTS = {
    "ssl": _ssl,
    "requests": _requests,
    "httpx": _httpx,
    "aiohttp": _aiohttp,
}

if __name__ == "__main__":
    try:
        _CLIENTS[sys.argv[2]](sys.argv[1])
    except Exception as error:
        sys.exit("%s: %s" % (type(error).__name__, error))  # noqa: UP031 -- any Python
