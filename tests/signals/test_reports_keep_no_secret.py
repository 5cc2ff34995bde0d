"""Nothing of an environment's secrets is kept of a report: not in the record, not in a file, in no form."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from shipway.signals.errors import samples
from shipway.signals.errors.secrecy import mask
from signals.conftest import Desk
from web import reporting

SECRET = 'hunter2 "and/more" ärger'
SHORT = "s3cret-value"
FORMS = {
    "as it is": SECRET,
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "in base64": base64.b64encode(f"user:{SHORT}".encode()).decode(),
    "URL": quote(SECRET, safe=""),
    "hexadecimal": SHORT.encode().hex(),
    "JSON in a text": json.dumps({"key": SECRET}),
    "in a long text": "x" * 290 + SHORT + "x" * 2000,
    "across the place of the cut": "x" * 197 + SHORT,
}


def everywhere(text: str) -> dict[str, object]:
    """A report that has a text in every place there is."""
    more = {
        "pre_context": [text],
        "post_context": [text],
        "context_line": text,
        "vars": {text: text, "x": {text: [text]}},
    }
    frames = [reporting.frame(text, 9, text, module=text, **more), reporting.frame("a.py", 1, "f", **more)]
    return {
        **reporting.event(text, text, *frames),
        "message": text,
        "logentry": {"message": text},
        "level": text,
        "release": text,
        "server_name": text,
        "platform": text,
        "transaction": text,
        "request": {"url": f"https://x/{text}?token={text}", "method": text, "headers": {"authorization": text}},
        "fingerprint": ["{{ default }}", text],
        "extra": {"x": text},
        "user": {"email": text},
    }


def written(desk: Desk) -> str:
    """Every byte on the disk, of the record and of the samples, as text."""
    places = desk.scene.places
    paths = [path for path in places.data.rglob("*") if path.is_file() and "git" not in path.parts]
    return "\n".join(path.read_bytes().decode(errors="replace") for path in paths)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_wherever_it_stands(desk: Desk, form: str) -> None:
    desk.configure(API_KEY=SECRET, TOKEN=SHORT)
    desk.deliver()
    for told in (everywhere(FORMS[form]), {"message": FORMS[form]}):
        desk.report(told)
    assert len(desk.errors()) == 2
    found = written(desk)
    for secret in (SECRET, SHORT, *(FORMS[name] for name in ("base64", "URL", "hexadecimal"))):
        assert secret not in found
        assert json.dumps(secret)[1:-1] not in found
    assert SHORT[:10] not in found, "nor its beginning, where a text was cut"
    assert "***" in found


def test_the_secrets_of_every_release_that_may_still_run_are_masked(desk: Desk) -> None:
    desk.configure(TOKEN="the-first-secret")
    first = desk.deliver()
    desk.configure(TOKEN="the-second-secret")
    desk.deliver()
    desk.configure(TOKEN="the-third-secret")
    for word in ("first", "second", "third"):
        desk.report({"message": f"refused: the-{word}-secret", "release": first.commit})
    assert {error.title for error in desk.errors()} == {"refused: ***"}


def test_without_the_key_of_the_secrets_nothing_is_kept(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.configure(TOKEN=SHORT)
    desk.deliver()
    desk.scene.places.secret_key.unlink()
    with caplog.at_level(logging.WARNING):
        desk.report({"message": SHORT}, times=3)
        desk.report({"message": "elsewhere"}, "dev")
    assert [error.title for error in desk.errors()] == ["elsewhere"]
    assert desk.intake.dropped("topup") == 3
    assert SHORT not in caplog.text + written(desk)
    assert "3 reports of errors were dropped: The key of the secrets" in caplog.text


def test_what_is_no_text_stays_what_it_is() -> None:
    value = {"a": [1, None, True, "my secret"], "secret": {"b": ()}, "c": []}
    assert mask(value, [b"secret"]) == {"a": [1, None, True, "my ***"], "***": {"b": []}, "c": []}
    assert mask({"a": "\0x\ud800"}, []) == {"a": "x?"}


def test_the_newest_reports_are_kept_and_few_of_them(desk: Desk) -> None:
    release = desk.deliver()
    for number in range(9):
        desk.report({**reporting.event(value=f"number {number}"), "release": release.commit})
    (error,) = desk.errors()
    kept = samples.newest(desk.scene.places, "topup", error.id)
    assert [sample["raised"][0]["value"] for sample in kept] == [f"number {n}" for n in (8, 7, 6, 5, 4)]
    assert error.title == "KeyError: number 0", "an error keeps its name"


def test_a_large_report_is_cut_and_keeps_its_stack(desk: Desk) -> None:
    desk.deliver()
    long = "x" * 1000
    more = {"pre_context": [long] * 9, "context_line": long, "vars": {f"{long}{n}": long for n in range(30)}}
    desk.report(
        reporting.event(
            "E" * 5000, "v" * 5000, *[reporting.frame(f"{n}.py", n, f"f{n}", **more) for n in range(300)]
        )
    )
    (error,) = desk.errors()
    (file,) = desk.scene.places.errors("topup").glob("*/*.json")
    assert file.stat().st_size <= samples.LARGEST
    (sample,) = samples.newest(desk.scene.places, "topup", error.id)
    frames = sample["raised"][0]["frames"]
    assert [frames[-1]["function"], len(frames)] == ["f299", samples.FRAMES]


def test_all_samples_together_have_a_size(desk: Desk) -> None:
    desk.deliver()
    for number in range(6):
        desk.report({"message": "x" * 1500, "fingerprint": [str(number)]})
    directory = desk.scene.places.errors("topup")
    sizes = [path.stat().st_size for path in sorted(directory.glob("*/*.json"), key=lambda path: path.name)]
    samples.tidy(desk.scene.places, "topup", most=sum(sizes[-3:]))
    left = sorted(path.name for path in directory.glob("*/*.json"))
    assert len(left) == 3
    assert samples.newest(desk.scene.places, "topup", desk.errors()[0].id) == []
    assert samples.newest(desk.scene.places, "topup", desk.errors()[-1].id) != []


def test_a_sample_that_is_half_written_is_no_sample(desk: Desk) -> None:
    desk.deliver()
    desk.report({"message": "x"})
    (error,) = desk.errors()
    directory: Path = desk.scene.places.errors("topup") / error.id
    (directory / "99999999999.000000.json").write_text('{"raised": [')
    assert len(samples.newest(desk.scene.places, "topup", error.id)) == 1
