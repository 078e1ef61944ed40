"""Whatever is asked of the plain side, there is a reply, and no error escapes."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from tlsmith.errors import InputError
from tlsmith.server.ports import Document, OCSPAnswer
from tlsmith.server.readiness import Readiness
from tlsmith.server.reply import Reply
from tlsmith.server.status import StatusSite, decode_request_path

ANSWER = OCSPAnswer(b"answer", "good", 1_800_000_000, 1_800_003_600, "abc")


class Books:
    """Something published, that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def answer_ocsp(self, request: bytes) -> OCSPAnswer:
        self.asked.append(request)
        if request.startswith(b"\x00"):
            raise InputError("not a request")
        return ANSWER

    def document(self, path: str) -> Document | None:
        assert path.startswith(("/crl/", "/ca/"))
        return None


def site(books: Books | None = None) -> StatusSite:
    return StatusSite(books or Books(), Readiness(dict), lambda: 1_800_000_000.5)


@given(
    st.sampled_from([b"GET", b"HEAD", b"POST", b"PUT", b"CONNECT"]),
    st.one_of(
        st.binary(max_size=80),
        st.builds(
            lambda start, rest: start + rest,
            st.sampled_from(
                [b"/ocsp", b"/ocsp/", b"/crl/", b"/ca/", b"http://x/ocsp/"]
            ),
            st.binary(max_size=80),
        ),
    ),
    st.dictionaries(
        st.sampled_from(
            [b"content-type", b"if-none-match", b"if-modified-since", b"range"]
        ),
        st.binary(max_size=40),
    ),
    st.binary(max_size=200),
)
def test_there_is_always_a_reply(
    method: bytes, target: bytes, fields: dict[bytes, bytes], body: bytes
) -> None:
    reply = site().reply(method, target, fields, body)
    assert isinstance(reply, Reply)
    assert reply.status in (200, 304, 404, 405, 415, 503)
    assert reply.fields.endswith(b"\r\n")
    assert target[6:40] not in reply.fields or len(target) < 12


@given(st.binary(min_size=1, max_size=300))
def test_every_request_arrives_as_it_was_however_it_is_written(data: bytes) -> None:
    plain = b64encode(data)
    for written in (
        quote(plain, safe="").encode(),
        plain,
        plain.rstrip(b"="),
        urlsafe_b64encode(data),
    ):
        assert decode_request_path(written) == data


@given(st.binary(max_size=80))
def test_any_path_is_a_request_or_none(path: bytes) -> None:
    found = decode_request_path(path)
    assert found is None or isinstance(found, bytes)


def test_the_age_is_what_is_left() -> None:
    reply = site().reply(b"GET", b"/ocsp/MAA=", {}, b"")
    assert b"max-age=3600, " in reply.fields
    later = StatusSite(Books(), Readiness(dict), lambda: 1_800_009_999.0)
    assert b"max-age=0, " in later.reply(b"GET", b"/ocsp/MAA=", {}, b"").fields


def test_a_post_is_never_answered_with_not_modified() -> None:
    fields = {
        b"content-type": b"Application/OCSP-Request; x=y",
        b"if-none-match": b'"abc"',
    }
    assert site().reply(b"POST", b"/ocsp", fields, b"0").status == 200
    assert site().reply(b"GET", b"/ocsp/MAA", fields, b"").status == 304


def test_answers_are_counted_by_what_they_say() -> None:
    asked = site()
    asked.reply(b"GET", b"/ocsp/MAA", {}, b"")
    asked.reply(b"GET", b"/ocsp/MAA", {}, b"")
    asked.reply(b"GET", b"/ocsp/AAAA", {}, b"")
    assert asked.answers == {"good": 2, "malformedRequest": 1}
