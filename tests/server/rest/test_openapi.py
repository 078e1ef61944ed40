"""The description of the API agrees with the API: by itself, and under schemathesis."""

import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.rest.world import BASE, Served
from tlsmith.server.rest.messages import Message
from tlsmith.server.rest.openapi import describe
from tlsmith.server.rest.table import ENDPOINTS

DOCUMENT = describe(ENDPOINTS)
API = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_description_is_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()  # type: ignore[arg-type]


def test_every_endpoint_is_described_and_served(served: Served) -> None:
    told = served.client(None).get("/openapi.json").json()
    assert told == DOCUMENT
    operations = {
        (method.upper(), path) for path, of in told["paths"].items() for method in of
    }
    assert operations == {(one.method, one.path) for one in ENDPOINTS}
    assert len(ENDPOINTS) == len(operations)


def test_every_field_that_is_read_is_described() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for one in ENDPOINTS:
        if one.body is not None and issubclass(one.body, Message):
            described = schemas[one.body.__name__]
            assert set(described["properties"]) == set(
                one.body.__struct_encode_fields__
            )
            assert described["additionalProperties"] is False


def test_every_endpoint_is_documented_with_an_example() -> None:
    text = API.read_text(encoding="utf-8")
    documented = set(re.findall(r"^### `(\w+) (/\S+)`$", text, re.MULTILINE))
    assert documented == {(one.method, one.path) for one in ENDPOINTS}
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        assert "curl " in section, section.splitlines()[0]
    assert "--cacert" in text
    assert not re.search(r"(^|\s)(-k|--insecure)\b", text)


def test_every_role_and_field_is_documented() -> None:
    text = API.read_text(encoding="utf-8")
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    for one in ENDPOINTS:
        section = next(
            s for s in sections if s.startswith(f"`{one.method} {one.path}`")
        )
        if one.role is not None:
            assert one.role in section, one.path
        for kind in (one.body, one.query):
            if kind is not None and issubclass(kind, Message):
                for field in kind.__struct_encode_fields__:
                    assert f"`{field}`" in section, (one.path, field)


@pytest.mark.slow
def test_schemathesis_finds_nothing(served: Served, tmp_path: Path) -> None:
    """Every operation, with what the description allows and with what it does not."""
    import os
    import subprocess
    import sys

    found = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"https://localhost:{served.port}{BASE}/openapi.json",
            "--header",
            f"Authorization: Bearer {served.tokens['administrator']}",
            "--tls-verify",
            str(served.root),
            "--phases",
            "examples,coverage,fuzzing",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,"
            "response_schema_conformance,negative_data_rejection",
            # Tokens and grants it deletes are those it runs with.
            "--exclude-path-regex",
            "/(tokens|grants)/",
            "--max-examples",
            "50",
            "--seed",
            "1",
            "--no-color",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            **os.environ,
            "COLUMNS": "120",
            "PYTHONPATH": str(Path(__file__).parent),
            "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        },
        timeout=300,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-8000:] + found.stderr[-2000:]


def test_without_its_extra_the_api_says_how_to_get_it() -> None:
    import subprocess
    import sys

    program = (
        "import sys; sys.modules['msgspec'] = None\n"
        "from tlsmith.errors import MissingExtraError\n"
        "from tlsmith.server.rest import rest_app\n"
        "try: rest_app(None)\n"
        "except MissingExtraError as error: print(error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "pip install 'tlsmith[server]'"
