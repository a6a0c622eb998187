"""Where the token of the local AWS is kept and found."""

from __future__ import annotations

from pathlib import Path

import pytest

from localaws.client.environment import TOKEN
from localaws.client.token import find_token, kept_token, new_token, token_file

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv(TOKEN, raising=False)
    return tmp_path


def test_it_is_kept_while_the_server_runs_for_its_user_alone() -> None:
    token = new_token(4566)
    with kept_token(4566, token) as kept:
        assert kept
        assert token_file(4566).stat().st_mode & 0o777 == 0o600
        assert token_file(4566).parent.stat().st_mode & 0o077 == 0
        assert (find_token(4566), find_token(4567)) == (token, "")
    assert not token_file(4566).exists()


def test_a_restarted_server_s_file_beats_what_a_shell_still_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN, "4566.old")
    assert (find_token(4566), find_token(456)) == ("4566.old", "")
    with kept_token(4566, "4566.new"):
        assert find_token(4566) == "4566.new"


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o620])
def test_a_file_that_others_may_use_is_none(mode: int) -> None:
    with kept_token(4566, "4566.x"):
        token_file(4566).chmod(mode)
        assert find_token(4566) == ""


def test_a_link_is_followed_neither_way(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("4566.his")
    elsewhere.chmod(0o600)
    token_file(4566).parent.mkdir()
    token_file(4566).symlink_to(elsewhere)
    assert find_token(4566) == ""
    with kept_token(4566, "4566.ours"):
        assert find_token(4566) == "4566.ours"
    assert elsewhere.read_text() == "4566.his"


def test_a_state_that_can_not_be_written_stops_nothing(state: Path) -> None:
    (state / "localaws").write_text("a file in its way")
    with kept_token(4566, "4566.x") as kept:
        assert not kept
    assert find_token(4566) == ""


def test_tokens_are_new_each_time() -> None:
    found = {new_token(1) for _ in range(100)}
    assert len(found) == 100
    assert min(map(len, found)) > 40
