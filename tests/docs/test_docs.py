# SPDX-License-Identifier: MIT
"""What the manual, the README and the examples say, held against the program."""
import json
import os
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))


def pin2mqtt(*arguments, **environment):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=30, check=False, stdin=subprocess.DEVNULL,
                          env=os.environ | environment)


def commands():
    """The subcommands, as the program lists them."""
    names = re.findall(r"^  ([a-z]+) +\S", pin2mqtt("--help").stdout, re.MULTILINE)
    assert names, "pin2mqtt --help lists no commands"
    return names


def options_of(text):
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", text))


def manual(page):
    """A man page as text, without its macros' quoting."""
    source = (TOP / "packaging/man" / page).read_text(encoding="utf-8")
    source = re.sub(r"^\.\\\".*$", "", source, flags=re.MULTILINE)
    return re.sub(r"\\f[A-Z]|\\&", "", source.replace(r"\-", "-"))


def section_of(command):
    match = re.search(rf"^\.SS pin2mqtt {command}$(.*?)(?=^\.S[SH] )",
                      manual("pin2mqtt.1"), re.MULTILINE | re.DOTALL)
    return match and match.group(1)


def readme_blocks(language):
    text = (TOP / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_manual_has_a_section_for_every_command():
    assert [name for name in commands() if section_of(name) is None] == []


def test_manual_has_no_command_that_the_program_lacks():
    documented = re.findall(r"^\.SS pin2mqtt ([a-z]+)$", manual("pin2mqtt.1"), re.MULTILINE)
    assert set(documented) == set(commands())


@pytest.mark.parametrize("command", commands())
def test_manual_has_every_option_of(command):
    told = pin2mqtt(command, "--help")
    assert told.returncode == 0
    common = {"-c", "--config", "-h", "--help"}
    missing = options_of(told.stdout) - common - options_of(section_of(command) or "")
    assert missing == set()


@pytest.mark.parametrize("command", commands())
def test_program_knows_every_option_that_the_manual_has_of(command):
    told = options_of(pin2mqtt(command, "--help").stdout)
    body = section_of(command) or ""
    documented = set()
    for line in re.findall(r"^\.TP\n(.*)$", body, re.MULTILINE):
        documented |= options_of(line)
    assert documented - told == set()


def test_usage_errors_exit_as_the_manual_says():
    assert pin2mqtt("--no-such-option").returncode == 64
    assert pin2mqtt("no-such-command").returncode == 64
    assert pin2mqtt("read", "--driver", "dht22").returncode == 64
    assert pin2mqtt("check", "-c", "/no/such/file.yaml").returncode == 78


def test_version_names_program_and_libraries():
    told = pin2mqtt("--version").stdout
    for name in ("pin2mqtt", "libgpiod", "aho", "yaml"):
        assert name in told


def test_manual_of_drivers_has_every_driver():
    drivers = json.loads(pin2mqtt("drivers", "--json").stdout)
    names = [name for driver in drivers for name in (driver["name"], *driver["aliases"])]
    assert {"dht22", "am2302"} <= set(names)
    text = manual("pin2mqtt-drivers.7")
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_manual_of_drivers_has_every_reason_of_refusal():
    source = (TOP / "src/model/verdict.c").read_text(encoding="utf-8")
    reasons = set(re.findall(r'= "(\w+)"', source)) - {"clean", "repaired"}
    assert len(reasons) > 5
    documented = re.findall(r"^\.TP\n\.B (\w+)$", manual("pin2mqtt-drivers.7"), re.MULTILINE)
    assert reasons == set(documented)


def length_of(number_us):
    """As the manual writes a start pulse."""
    return f"{number_us} \\(mcs" if number_us < 1000 else f"{number_us / 1000:g} ms"


@pytest.mark.parametrize("driver", json.loads(pin2mqtt("drivers", "--json").stdout),
                         ids=lambda driver: driver["name"])
def test_manual_has_the_figures_of(driver):
    match = re.search(rf"^\.SS {driver['name']}$(.*?)(?=^\.S[SH] )",
                      manual("pin2mqtt-drivers.7"), re.MULTILINE | re.DOTALL)
    assert match
    body = match.group(1)
    assert f"\nstart pulse\t{length_of(driver['start_low_us'])}" in body
    assert f"\nshortest interval\t{driver['min_interval_ms'] / 1000:g} s\n" in body
    if "bits" in driver:
        assert f"The frame has {driver['bits']} bits" in body


def members_in(*sources):
    """The names of JSON members that these files write."""
    text = "".join((TOP / "src" / source).read_text(encoding="utf-8") for source in sources)
    return set(re.findall(r'\\"([a-z_]+)\\":', text))


def test_manual_of_topics_has_every_member_of_a_message():
    members = members_in("app/report.c", "model/reading_json.c", "publish/payload.c",
                         "publish/request.c")
    assert {"uptime_s", "advice", "seq", "transaction"} <= members
    # of what `pin2mqtt health --json` prints alone
    members -= {"healthy", "connected", "online", "rival"}
    page = manual("pin2mqtt-topics.7")
    assert [name for name in sorted(members) if not re.search(rf"\b{name}\b", page)] == []


def test_manual_of_topics_has_every_verb():
    source = (TOP / "src/publish/request.c").read_text(encoding="utf-8")
    verbs = set(re.findall(r'\[REQUEST_[A-Z_]+\] = \{ "(\w+)"', source))
    assert len(verbs) > 3
    section = manual("pin2mqtt-topics.7").partition(".SS Requests\n")[2].partition(".SS ")[0]
    assert verbs == set(re.findall(r"^\.TP\n\.B (\w+)$", section, re.MULTILINE))


def test_manual_of_http_has_every_path_and_every_metric():
    text = manual("pin2mqtt-http.7")
    paths = re.findall(r'\{ "(/[^"]*)", (?:true|false), answer_',
                       (TOP / "src/metrics/answer.c").read_text(encoding="utf-8"))
    assert "/metrics" in paths
    documented = re.findall(r"^(/\S*)\|", text, re.MULTILINE)
    assert sorted(paths) == sorted(re.sub("ID|FILE", "*", path) for path in documented)
    tables = sorted((TOP / "src/metrics").glob("exposition*.c"))
    families = [family for table in tables
                for family in re.findall(r'\{ "(pin2mqtt_\w+)", KIND_(\w+)',
                                         table.read_text(encoding="utf-8"))]
    suffixes = {"COUNTER": "_total", "INFO": "_info"}
    assert set(re.findall(r"\bpin2mqtt_\w+", text)) == {
        name + suffixes.get(kind, "") for name, kind in families}


def test_config_comes_from_the_environment(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("nonsense: 1\n", encoding="utf-8")
    told = pin2mqtt("check", PIN2MQTT_CONFIG=str(file))
    assert told.returncode == 78
    assert f"{file}:1:1: " in told.stdout + told.stderr


@pytest.mark.parametrize("example", sorted((TOP / "conf").glob("**/*.yaml")),
                         ids=lambda path: path.name)
def test_example_configuration_is_right(example):
    told = pin2mqtt("check", "-c", example)
    assert told.returncode == 0, told.stdout + told.stderr


def test_manual_names_every_example():
    page = manual("pin2mqtt.yaml.5")
    assert [path.name for path in sorted((TOP / "conf").glob("**/*.yaml"))
            if f"\n.I {path.name}\n" not in page] == []


def test_readme_configuration_is_right(tmp_path):
    blocks = readme_blocks("yaml")
    assert blocks
    for block in blocks:
        file = tmp_path / "readme.yaml"
        file.write_text(block, encoding="utf-8")
        told = pin2mqtt("check", "-c", file)
        assert told.returncode == 0, told.stdout + told.stderr


def test_readme_names_only_files_that_are_there():
    text = (TOP / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    named = re.findall(r"(?<![/\w])((?:packaging|tests|conf|src)/[\w./-]*[\w])", text)
    missing = [name for name in linked + named
               if not (TOP / name).exists() and "NAME" not in name]
    assert missing == []


def test_readme_shows_what_read_prints():
    told = pin2mqtt("read", "--driver", "dht22", "--pin", "sim/4")
    assert told.returncode == 0, told.stderr
    shape = r"temperature -?\d+\.\d °C  humidity \d+\.\d %"
    assert re.fullmatch(shape, told.stdout.strip())
    assert re.search(shape, (TOP / "README.md").read_text(encoding="utf-8"))
    assert re.search(shape, manual("pin2mqtt.1"))


def words_of_the_program():
    """All that its sources can say, the pieces of a text joined."""
    words = []
    for path in sorted((TOP / "src").rglob("*.c")):
        source = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for text in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', source):
            pieces = re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
            words.append("".join(pieces).replace('\\"', '"'))
    return "\n".join(words)


def quotes(page):
    """The messages that it quotes; what differs from case to case is slanted there."""
    source = (TOP / "packaging/man" / page).read_text(encoding="utf-8")
    source = source.replace("\\\n", "").replace(r"\-", "-").replace(r"\(dq", '"')
    return re.findall(r"\\\(lq(.*?)\\\(rq", source)


def test_messages_that_the_manual_explains_are_those_of_the_program():
    words = words_of_the_program()
    explained = quotes("pin2mqtt-troubleshooting.7")
    assert len(explained) > 30
    for quote in explained:
        pieces = re.split(r"\\fI.*?\\fR", quote)
        assert max(map(len, pieces)) > 2, quote
        assert re.search(".*".join(map(re.escape, pieces)), words), quote
