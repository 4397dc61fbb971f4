"""Where a process keeps its index: alone, switched in one step, tidy."""

from pathlib import Path

from storefront.search.home import Home


def test_processes_that_share_a_folder_have_numbers_of_their_own(tmp_path: Path):
    first, second = Home(tmp_path, "v1"), Home(tmp_path, "v1")
    build = first.new()
    build.mkdir()
    first.switch(build)
    assert first.current() == build
    assert second.current() is None
    second.close()
    assert Home(tmp_path, "v1").new().parent == second.new().parent
    first.close()
    assert Home(tmp_path, "v1").current() == build


def test_what_does_not_name_a_build_is_none(tmp_path: Path):
    home = Home(tmp_path, "v1")
    for text in ("", "../../etc", "gone", "\xff"):
        (tmp_path / "v1" / "0" / "current").write_text(text, encoding="latin-1")
        assert home.current() is None


def test_tidying_removes_builds_that_nobody_uses(tmp_path: Path):
    home, older_release, dead_release = Home(tmp_path, "v2"), Home(tmp_path, "v1"), Home(tmp_path, "v0")
    dead_release.close()
    builds = [home.new(), home.new(), home.new()]
    for build in builds:
        build.mkdir()
    home.switch(builds[0])
    home.switch(builds[1])
    home.tidy()
    assert not builds[0].exists()
    assert builds[1].exists()
    assert builds[2].exists(), "it is being made"
    assert older_release.new().parent.exists()
    assert not (tmp_path / "v0" / "0").exists()
