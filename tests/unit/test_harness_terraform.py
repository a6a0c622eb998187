"""How Terraform is found, surrounded and ended: on stand-ins, without Terraform itself."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trailctl import terraform
from trailctl.terraform import TerraformError

pytestmark = pytest.mark.unit

Script = Callable[[str], dict[str, str]]


@pytest.fixture
def fake(tmp_path: Path) -> Script:
    """Puts a shell script named terraform on a PATH of its own; that environment."""

    def write(body: str) -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "terraform"
        script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        script.chmod(0o755)
        return {"PATH": f"{folder}:/usr/bin:/bin"}

    return write


def mirror(folder: Path, version: str = "5.100.0", *, packed: bool = False) -> Path:
    """A mirror with the AWS provider, which says so and does nothing else."""
    place = folder / terraform.PROVIDER
    if packed:
        place.mkdir(parents=True, exist_ok=True)
        (place / f"terraform-provider-aws_{version}_{terraform.system()}.zip").touch()
        return folder
    unpacked = place / version / terraform.system()
    unpacked.mkdir(parents=True)
    (unpacked / "LICENSE.txt").touch()
    binary = unpacked / f"terraform-provider-aws_v{version}_x5"
    binary.touch(0o755)
    return folder


ANSWERS = """case "$1" in version) echo '{"terraform_version": "%s"}';; esac"""


def test_a_missing_terraform_is_one_line_that_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(TerraformError) as caught:
        terraform.find_terraform({"PATH": str(tmp_path)})
    assert str(caught.value) == (
        "Terraform 1.9 or newer is needed and is not on PATH: "
        "get it from https://developer.hashicorp.com/terraform/install"
    )


@pytest.mark.parametrize("version", ["1.8.5", "0.15.0", "1.8.0-rc1"])
def test_an_old_terraform_is_refused(fake: Script, version: str) -> None:
    with pytest.raises(TerraformError, match=rf"1\.9 or newer is needed and .* is {version}: get"):
        terraform.find_terraform(fake(ANSWERS % version))


@pytest.mark.parametrize("version", ["1.9.0", "1.11.4", "2.0.0", "1.10.0-beta1"])
def test_a_new_terraform_is_taken(fake: Script, version: str) -> None:
    environment = fake(ANSWERS % version)
    found = terraform.find_terraform(environment)
    assert str(found) == f"{environment['PATH'].partition(':')[0]}/terraform"


def test_something_else_of_that_name_is_refused(fake: Script) -> None:
    with pytest.raises(TerraformError, match="is it Terraform"):
        terraform.find_terraform(fake("echo hello"))


def test_a_mirror_serves_versions_that_fit_newest_last(tmp_path: Path) -> None:
    for version in ("4.67.0", "5.79.0", "5.80.0", "5.100.0", "7.0.0"):
        mirror(tmp_path, version)
    mirror(tmp_path, "6.2.0", packed=True)
    (tmp_path / terraform.PROVIDER / "5.90.0" / "plan9_mips").mkdir(parents=True)
    (tmp_path / terraform.PROVIDER / "index.json").touch()
    assert terraform.provider_versions(tmp_path) == ["5.80.0", "5.100.0", "6.2.0"]
    binary = terraform.provider_binary(tmp_path)
    assert binary is not None
    assert binary.name == "terraform-provider-aws_v5.100.0_x5"  # the newest that is unpacked


def test_no_mirror_has_no_versions(tmp_path: Path) -> None:
    assert terraform.provider_versions(tmp_path / "none") == []
    assert terraform.provider_binary(tmp_path / "none") is None


def test_a_mirror_named_by_variable_comes_first(tmp_path: Path) -> None:
    named = mirror(tmp_path / "named")
    home = tmp_path / "home"
    mirror(home / ".terraform.d" / "plugins")
    environment = {"TF_PLUGIN_MIRROR": str(named), "HOME": str(home)}
    assert terraform.find_mirror(environment, tmp_path / "no-root") == named


def test_a_mirror_named_by_variable_that_is_none_is_an_error(tmp_path: Path) -> None:
    mirror(tmp_path, "4.0.0")
    with pytest.raises(TerraformError, match=r"holds no .*/aws from 5\.80 to below 7 for \w+"):
        terraform.find_mirror({"TF_PLUGIN_MIRROR": str(tmp_path)}, tmp_path / "no-root")


@pytest.mark.parametrize("place", [".terraform.d/plugins", ".local/share/terraform/plugins"])
def test_terraforms_own_mirrors_come_next(tmp_path: Path, place: str) -> None:
    implied = mirror(tmp_path / "home" / place)
    mirror(tmp_path / "root" / "opt")
    environment = {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "none")}
    assert terraform.find_mirror(environment, tmp_path / "root") == implied


@pytest.mark.parametrize("place", ["opt", "opt/plugins"])
def test_an_images_mirror_is_found_near_the_root(tmp_path: Path, place: str) -> None:
    found = mirror(tmp_path / place)
    environment = {"XDG_DATA_DIRS": str(tmp_path / "none")}
    assert terraform.find_mirror(environment, tmp_path) == found


@pytest.mark.parametrize("place", ["opt/some/plugins", "proc", "sys/plugins"])
def test_a_mirror_deeper_down_or_of_the_kernel_is_not(tmp_path: Path, place: str) -> None:
    mirror(tmp_path / place)
    environment = {"XDG_DATA_DIRS": str(tmp_path / "none")}
    assert terraform.find_mirror(environment, tmp_path) is None


def test_a_configuration_that_is_not_there_is_dropped(fake: Script, tmp_path: Path) -> None:
    source = fake(ANSWERS % "1.9.0") | {
        "TF_CLI_CONFIG_FILE": str(tmp_path / "gone.rc"),
        "HOME": str(tmp_path / "home"),
    }
    mirror(tmp_path / "home" / ".terraform.d" / "plugins")
    found = terraform.prepare(tmp_path / "work", source)
    assert found.config == tmp_path / "work" / "terraform.rc"
    assert f'path    = "{tmp_path}/home/.terraform.d/plugins"' in found.config.read_text()
    assert not found.downloads


def test_a_configuration_that_is_there_is_used(fake: Script, tmp_path: Path) -> None:
    given = tmp_path / "given.rc"
    given.write_text("disable_checkpoint = true\n")
    source = fake(ANSWERS % "1.9.0") | {"TF_CLI_CONFIG_FILE": str(given)}
    found = terraform.prepare(tmp_path / "work", source)
    assert found.config == given
    assert found.environment({})["TF_CLI_CONFIG_FILE"] == str(given)


@pytest.mark.parametrize(
    ("words", "used"), [("provider_installation {}\n", True), ("credentials {}\n", False)]
)
def test_ones_own_terraformrc_is_used_where_it_says_where_providers_are(
    fake: Script, tmp_path: Path, words: str, used: bool
) -> None:
    (tmp_path / ".terraformrc").write_text(words)
    mirror(tmp_path / ".terraform.d" / "plugins")
    source = fake(ANSWERS % "1.9.0") | {"HOME": str(tmp_path)}
    found = terraform.prepare(tmp_path / "work", source)
    assert (found.config == tmp_path / ".terraformrc") == used


def test_only_the_aws_provider_comes_from_the_mirror(tmp_path: Path) -> None:
    words = terraform.config_text(tmp_path)
    assert words.count('["registry.terraform.io/hashicorp/aws"]') == 2
    assert words.index("include") < words.index("direct") < words.index("exclude")
    assert "provider_installation" not in terraform.config_text(None)


def test_nothing_of_the_users_reaches_terraform(tmp_path: Path) -> None:
    source = {
        "AWS_CA_BUNDLE": "/nowhere.pem",
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "secret",
        "HOME": "/home-of-someone",
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": "internal",
        "PATH": "/bin",
        "TF_CLI_ARGS": "-destroy",
        "TF_VAR_name": "x",
        "TF_WORKSPACE": "production",
    }
    assert terraform.clean_environment(home=tmp_path, source=source) == {
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
        "HTTPS_PROXY": "http://proxy:3128",
        "NO_PROXY": "internal,127.0.0.1,localhost",
        "PATH": "/bin",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_a_call_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "print('working on it', flush=True)\n"
        "time.sleep(60)\n"
    )
    begun = time.monotonic()
    with pytest.raises(TerraformError, match=r"ended after 1 s\. Its last words") as caught:
        terraform.run_limited(
            [sys.executable, "-c", script], cwd=tmp_path, environment={}, timeout=1
        )
    assert time.monotonic() - begun < 10
    assert "KeyboardInterrupt" in str(caught.value)  # it was asked before it was killed
    child = int((tmp_path / "pid").read_text())
    assert not running(child)


def running(pid: int) -> bool:
    """Whether a process is there and no zombie, once it had a second to go."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.02)
    return True


def test_a_call_gets_no_terminal_and_its_outputs_apart(tmp_path: Path) -> None:
    done = terraform.run_limited(
        ["/bin/sh", "-c", "read line; echo out; echo err >&2; exit 3"],
        cwd=tmp_path,
        environment={"PATH": "/bin:/usr/bin"},
        timeout=10,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    with pytest.raises(TerraformError, match=r"terraform -c .* failed:\nerr"):
        done.check()


DOWNLOADS = """
case "$1" in
  version) echo '{"terraform_version": "1.9.0"}';;
  init)
    grep -q '>= 5.80, < 7' main.tf || exit 9
    mkdir -p .terraform/providers/%s/5.100.0/%s
    printf '#!/bin/sh\\n' > .terraform/providers/%s/5.100.0/%s/terraform-provider-aws_v5.100.0_x5
    chmod +x .terraform/providers/%s/5.100.0/%s/terraform-provider-aws_v5.100.0_x5
    echo once >> "$HOME/downloads";;
esac
"""


def test_a_persons_terraform_is_led_to_the_provider_that_is_here(tmp_path: Path) -> None:
    kept = mirror(tmp_path / "kept")
    source = {"HOME": str(tmp_path), "TF_CLI_CONFIG_FILE": str(tmp_path / "gone.rc")}
    found = terraform.own_config(tmp_path, kept, source)
    assert found is not None
    near = terraform.find_mirror(source) or kept  # an image may have one near its root
    assert found.read_text() == terraform.config_text(near)
    named = mirror(tmp_path / "named")
    found = terraform.own_config(tmp_path, kept, {**source, "TF_PLUGIN_MIRROR": str(named)})
    assert found is not None
    assert found.read_text() == terraform.config_text(named)


@pytest.mark.parametrize("name", [".terraformrc", "other.rc"])
def test_a_persons_own_configuration_stays(tmp_path: Path, name: str) -> None:
    own = tmp_path / name
    own.write_text('plugin_cache_dir = "/var/cache/terraform"\n')
    source = {"HOME": str(tmp_path)}
    if name == "other.rc":
        source["TF_CLI_CONFIG_FILE"] = str(own)
    assert terraform.own_config(tmp_path, mirror(tmp_path / "kept"), source) is None


def test_where_no_provider_is_terraform_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terraform, "_image_mirrors", lambda root: iter(()))
    assert terraform.own_config(tmp_path, tmp_path / "kept", {"HOME": str(tmp_path)}) is None
    assert [*tmp_path.iterdir()] == []


def test_a_provider_that_must_be_downloaded_is_downloaded_once(
    fake: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terraform, "find_mirror", lambda *_: None)
    source = fake(DOWNLOADS % ((terraform.PROVIDER, terraform.system()) * 3))
    kept = tmp_path / "kept" / "providers"
    for _ in range(2):
        found = terraform.prepare(tmp_path / "work", source)
        assert found.downloads
        found = terraform.keep_providers(found, kept)
        assert not found.downloads
        assert str(kept) in found.config.read_text()
    assert terraform.provider_versions(kept) == ["5.100.0"]
    assert (found.home / "downloads").read_text() == "once\n"
    assert [path.name for path in kept.parent.iterdir()] == ["providers"]


def test_a_provider_that_is_here_is_not_copied(fake: Script, tmp_path: Path) -> None:
    source = fake(ANSWERS % "1.9.0") | {"TF_PLUGIN_MIRROR": str(mirror(tmp_path / "mirror"))}
    found = terraform.prepare(tmp_path / "work", source)
    assert terraform.keep_providers(found, tmp_path / "kept") is found
    assert not (tmp_path / "kept").exists()
