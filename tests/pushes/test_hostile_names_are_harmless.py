"""Names that somebody chose to be read as something else (BARS S5, S6)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pushes.desk import Desk
from pushes.git_host import Host
from shipway.pushes.git import Git, GitFailed
from shipway.pushes.rules import bad_name

REFUSED = {
    "refs/heads/--output=PWN": "no part of the name may begin with `-`.",
    "refs/heads/feature/-x": "no part of the name may begin with `-`.",
    "refs/tags/--upload-pack=touch PWN".replace(" ", "${IFS}"): "no part of the name may begin with `-`.",
    "refs/heads/" + "a" * 190: "the name is longer than 200 bytes.",
    "refs/heads/" + "ü" * 95: "the name is longer than 200 bytes.",
    "refs/heads/a\u0085b": "the name has characters that cannot be printed.",
    "refs/heads/a\u202eb": "the name has characters that cannot be printed.",
    "refs/heads/a\u2028b": "the name has characters that cannot be printed.",
    "refs/heads/a\udcffb": "the name has characters that cannot be printed.",
    "refs/replace/0000000000000000000000000000000000000001": "only branches and tags can be pushed.",
    "refs/notes/commits": "only branches and tags can be pushed.",
    "refs/pull/1/head": "only branches and tags can be pushed.",
}
HARMLESS = [
    "refs/heads/$(touch${IFS}PWN)",
    "refs/heads/`touch${IFS}PWN`",
    "refs/heads/a;touch${IFS}PWN",
    "refs/heads/a|b&c",
    "refs/heads/{{7+7}}",
    "refs/heads/%0aPWN",
    "refs/heads/<script>alert(1)</script>",
    "refs/heads/'\"",
    "refs/heads/größe",
    "refs/heads/HEAD",
    "refs/tags/main",
]
CHOSEN = [
    "--output=PWN",
    "-x",
    "--upload-pack=touch PWN",
    "main;touch PWN",
    "$(touch PWN)",
    "a\nb",
    "\0",
    ":(glob)**",
]


@pytest.mark.parametrize("ref", REFUSED, ids=ascii)
def test_a_name_that_could_be_misread_is_refused(host: Host, desk: Desk, ref: str) -> None:
    said = desk.push("shipway", f"HEAD:{ref}", code=None)
    assert said[0] == "Shipway refused this push; nothing of it was accepted."
    assert said[1].endswith(f": {REFUSED[ref]}")
    assert said[1].isprintable()
    assert host.git.refs() == {}


def test_a_name_that_is_only_odd_is_taken_and_does_nothing(host: Host, desk: Desk, tmp_path: Path) -> None:
    desk.push("shipway", *(f"HEAD:{ref}" for ref in HARMLESS))
    assert {push.ref for push in host.accepted()} == set(HARMLESS)
    assert host.git.refs().keys() == set(HARMLESS)
    assert not list(tmp_path.rglob("PWN*"))


@pytest.mark.parametrize("ref", HARMLESS)
def test_no_rule_speaks_against_a_name_that_is_only_odd(ref: str) -> None:
    assert bad_name(ref) is None


def test_words_that_git_does_not_know_reach_it_as_values_only(host: Host, desk: Desk, tmp_path: Path) -> None:
    commit = desk.commit("-x", **{"--output=PWN": "content\n"})
    desk.push()
    called: list[list[str]] = []
    sys.addaudithook(lambda event, args: called.append(args[1]) if event == "subprocess.Popen" else None)
    git = host.git
    for chosen in CHOSEN:
        assert git.resolve(chosen) is None
        git.read(commit, chosen)
        with pytest.raises(ValueError, match="not a full commit id"):
            git.files(chosen)
    assert called
    for command in called:
        fence = min(command.index(word) for word in ("--end-of-options", "--") if word in command)
        assert not set(command[:fence]).intersection(CHOSEN)
    assert git.read(commit, "--output=PWN") == b"content\n"
    assert not [path for path in tmp_path.rglob("PWN*") if path.name != "--output=PWN"]


def test_git_reads_no_configuration_but_its_own(host: Host, desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\tfsmonitor = touch {tmp_path}/PWN\n[log]\n\tshowRoot = x\n")
    desk.push()
    program = "import sys; from pathlib import Path; from shipway.pushes.git import Git;"
    program += "git = Git(Path(sys.argv[1])); print(git.commit(git.resolve('main')).subject)"
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "GIT_CONFIG_COUNT": "x", "GIT_DIR": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(host.repository)], env=environment, capture_output=True, check=True
    )
    assert done.stdout == b"Begin\n"
    assert not (tmp_path / "PWN").exists()


def test_a_broken_repository_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="git for-each-ref failed"):
        Git(tmp_path).refs()
    with pytest.raises(GitFailed):
        Git(tmp_path / "none").refs()
