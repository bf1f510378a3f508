"""The reference says what the schema says, and every example in it is right."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from tests.certificates import self_signed
from tests.keys import unused_keys

from wsrun.catalogue import METRICS
from wsrun.check import load_scenario
from wsrun.compiler import compile_plan

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "scenario-reference.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
FILES = {
    "signing.py": "def derive_key(client): ...\ndef signed_order(client): ...\n",
    "schemas/tick.schema.json": '{ "required": [ "price" ] }',
    "schemas/prices.asyncapi.yaml": "asyncapi: 3.0.0\nchannels: { p: { messages: { tick: {} } } }",
    "data/people.csv": "name,room\nann,1\nbob,2\n",
    "data/quotes.jsonl": '{"text": "one"}\n{"text": "two"}\n',
    "data/body.bin": "\x00\x01",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the examples speak of."""
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    tls = tmp_path / "tls"
    tls.mkdir()
    certificate, key = self_signed(tls)
    shutil.copy(certificate, tls / "ca.pem")
    certificate.rename(tls / "client.pem")
    key.rename(tls / "client.key")
    return tmp_path


def tables() -> ModuleType:
    """The script that writes the tables."""
    spec = importlib.util.spec_from_file_location("reference_tables", DOCS / "reference_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_schema_and_the_catalogue() -> None:
    """``python docs/reference_tables.py`` would change nothing."""
    assert tables().render(TEXT) == TEXT


def test_the_contents_lead_to_every_section() -> None:
    """Whoever looks for a word finds it on the first screen."""
    contents, rest = TEXT.split("\n## ", 1)
    without_code = re.sub(r"^```.*?^```$", "", f"## {rest}", flags=re.DOTALL | re.MULTILINE)
    sections = re.findall(r"^##+ (.+)$", without_code, re.MULTILINE)
    links = re.findall(r"\[([^]]+)\]\(#([^)]+)\)", contents)
    assert [name for name, _ in links] == sections
    assert [anchor for _, anchor in links] == [name.lower().replace(" ", "-") for name in sections]


def test_every_key_has_a_row() -> None:
    """A definition without a table in the document would be left out in silence."""
    rows = set(re.findall(r"^\| `([a-z_0-9]+)` \|", TEXT, re.MULTILINE))
    assert [key for _, key in tables().available_keys() if key not in rows and key != "jwt"] == []


def test_every_available_metric_has_a_row() -> None:
    """What a criterion may name is in the document."""
    for metric in METRICS.values():
        if metric.available:
            assert f"| `{metric.name}`" in TEXT


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_is_a_right_scenario(number: int, folder: Path) -> None:
    """Whoever copies one has a scenario that runs."""
    path = folder / "example.yaml"
    path.write_text(EXAMPLES[number], encoding="utf-8")
    assert compile_plan(load_scenario(path, environ={}, allow_python=True), seed=1).phases


def test_the_examples_show_every_key(folder: Path) -> None:
    """No key is only described."""
    documents = []
    for example in EXAMPLES:
        path = folder / "example.yaml"
        path.write_text(example, encoding="utf-8")
        documents.append(load_scenario(path, environ={}, allow_python=True).data)
    assert unused_keys(documents) == []


def test_links_within_the_document_lead_somewhere() -> None:
    """Every anchor is a heading."""
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert sorted(set(re.findall(r"\]\(#([a-z-]+)\)", TEXT)) - anchors) == []
