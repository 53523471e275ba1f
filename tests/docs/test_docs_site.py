"""The site is built without a warning, every link in it leads somewhere, and its schema is that of params.yaml."""

import copy
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from checkouts import ROOT
from pages import PAGES, named

from showreel.cli import parser
from showreel.cli.examples import EXAMPLES
from showreel.params import registry

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; every warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", "--doctree-dir", str(folder / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(folder / "html")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"


class Page(HTMLParser):
    """The title, anchors and links of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        text = path.read_text(encoding="utf-8")
        title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
        self.title = title[1].strip() if title else ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag is called and where it leads."""
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def test_every_page_has_a_title_and_every_link_leads_somewhere(site: Path) -> None:
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    made = {path.relative_to(site.resolve()).as_posix() for path in pages}
    assert made >= {named(page)[5:].replace(".md", ".html") for page in PAGES if named(page).startswith("docs/")}
    for path, page in pages.items():
        assert page.title
        for link in page.links:
            if re.match(r"https?:|data:|mailto:", link):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file.partition("?")[0]).resolve() if file else path
            assert target.is_file(), f"{path}: {link}"
            assert not anchor or target not in pages or anchor in pages[target].anchors, f"{path}: {link}"


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//", path.read_text())


def test_the_reference_has_every_command_and_every_option_of_every_extension(site: Path) -> None:
    commands = (site / "reference/cli.html").read_text()
    for command in (*(stage.__name__ for stage in parser.STAGES), *registry.names("studies"), *EXAMPLES):
        assert f"usage: showreel {command}" in commands
    page = (site / "reference/params.html").read_text()
    for folder in registry.FUNCTIONS:
        for name in registry.names(folder):
            anchor = registry.section(name) if folder == "studies" else f"{folder}-{name.replace('_', '-')}"
            section = page.split(f'id="{anchor}"')[1].split("<section")[0]
            assert all(f">{option}<" in section for option in registry.options(folder, name))


def test_the_page_on_python_tells_what_every_kind_of_extension_offers(site: Path) -> None:
    page = (site / "reference/python.html").read_text()
    assert all(f'id="{folder}"' in page for folder in (*registry.FUNCTIONS, registry.TASKS))
    assert all(f">{module}.py<" in page for module in registry.TASK_MODULES)


@pytest.fixture(scope="module")
def schema(site: Path) -> Any:
    """The JSON schema that editors take."""
    schema = json.loads((site / "params.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_accepts_params_yaml_and_says_what_each_key_means(schema: Any) -> None:
    schema.validate(yaml.safe_load((ROOT / "params.yaml").read_text()))
    assert all(key["description"] for key in schema.schema["properties"].values())
    assert all(key["description"] for key in schema.schema["$defs"]["Training"]["properties"].values())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("training.epochs", 0),
        ("training.epoch", 5),
        ("training.precision", "float16"),
        ("datasets.photos.source", "photo"),
        ("datasets.photos.patches", 32),
        ("inputs.photos-noisy.sigma", "0.5"),
        ("inputs.photos-noisy.degradation", "noisey"),
        ("inputs.photos-noisy.factor", 2),
        ("inputs.a name", {"dataset": "photos", "degradation": "noisy", "sigma": 0.5}),
        ("degradations", {"noisy": {"sigma": 0.5}}),
        ("models.unet.depth", 2.5),
        ("experiments.photos-denoiser.model", "resnet"),
        ("experiments.photos-denoiser.task", "restoring"),
        ("experiments.photos-denoiser.weight", "random"),
        ("experiments.photos-denoiser.weights", None),
        ("experiments.photos-denoiser.options", 3),
        ("experiments.photos-denoiser.training.epochs", -1),
        ("crosses.photos-denoiser-crossed.values", 0.5),
        ("crosses.photos-denoiser-crossed.off", "photos-denoiser"),
        ("watch.wandb", True),
    ],
)
def test_the_schema_refuses_what_showreel_refuses(schema: Any, place: str, value: object) -> None:
    params = copy.deepcopy(yaml.safe_load((ROOT / "params.yaml").read_text()))
    *path, last = place.split(".")
    section = params
    for key in path:
        section = section[key]
    section[last] = value
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(params)
