"""The tree of errors: what each is, what it carries, what it prints."""

import copy
import inspect
import pickle
import re

import pytest

from tlsmith import errors
from tlsmith.errors import (
    ACMEProblem,
    ConfigError,
    FileError,
    InputError,
    MissingExtraError,
    NameNotPermittedError,
    ProfileError,
    SignerError,
    Subproblem,
    TLSmithError,
    TrustStoreError,
)

CLASSES = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, TLSmithError)
]
SAMPLES = [
    TLSmithError("it failed", hint="try again"),
    InputError("not a name: 'x'", code="bad-name"),
    FileError("cannot read 'x'", path="x", code="file-not-found", hint="look"),
    ProfileError("two rules broken", reasons=["names: none", "key: weak"]),
    NameNotPermittedError("outside", names=["a.com"], hint="allow it"),
    SignerError("no token", key="pkcs11:object=root", hint="put it back"),
    TrustStoreError("no", store="nss"),
    ACMEProblem(
        "rejectedIdentifier",
        "no",
        subproblems=[Subproblem("rejectedIdentifier", "no", ("dns", "a.test"))],
        fields={"instance": "https://a.test"},
        retry_after=3,
    ),
    ConfigError("one mistake", mistakes=["days: not a number"]),
    MissingExtraError("probe", needed_for="show HOST"),
]


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn: list[tuple[str, str]] = []
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"( *)(\w+(?:Error|Problem))\b", line)
        if found:
            depth = len(found[1]) // 2
            above = [*above[:depth], found[2]]
            drawn.append((found[2], above[-2] if depth else "Exception"))
    assert sorted(drawn) == sorted(
        (c.__name__, c.__bases__[0].__name__) for c in CLASSES
    )


def test_every_error_has_a_code_of_its_own_in_kebab_case() -> None:
    codes = [error.code for error in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_every_error_says_in_one_sentence_what_it_is(error: type[TLSmithError]) -> None:
    assert re.fullmatch(r"[A-Z][^\n]*\.", inspect.getdoc(error) or "")


def test_the_message_is_what_it_prints() -> None:
    error = TLSmithError("it failed", hint="try again")
    assert (str(error), error.message, error.hint) == (
        "it failed",
        "it failed",
        "try again",
    )


def test_a_code_given_goes_before_that_of_the_class() -> None:
    assert InputError("x").code == "bad-input"
    assert InputError("x", code="bad-name").code == "bad-name"
    assert InputError.code == "bad-input"


def test_bad_input_is_a_value_error_and_a_missing_extra_an_import_error() -> None:
    with pytest.raises(ValueError, match="x"):
        raise InputError("x")
    with pytest.raises(ImportError, match="probe"):
        raise MissingExtraError("probe", needed_for="show HOST")


def test_a_missing_extra_says_how_to_install_it() -> None:
    error = MissingExtraError("probe", needed_for="show HOST")
    assert error.message == "show HOST needs the extra 'probe', which is not installed"
    assert error.hint == "pip install 'tlsmith[probe]'"
    assert error.extra == "probe"


def test_errors_carry_their_facts() -> None:
    assert FileError("x", path="a").path == "a"
    assert ProfileError("x", reasons=["a", "b"]).reasons == ("a", "b")
    assert NameNotPermittedError("x", names=["a"]).names == ("a",)
    assert TrustStoreError("x", store="nss").store == "nss"
    assert ConfigError("x", mistakes=["a"]).mistakes == ("a",)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_out_of_a_worker_process(
    error: TLSmithError,
) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert type(other) is type(error)
        assert vars(other) == vars(error)
        assert str(other) == str(error)
