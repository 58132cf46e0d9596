# SPDX-License-Identifier: MIT
"""The JSON Schema of the configuration: made from the table of keys, and of one mind with
`pin2mqtt check` about what is right."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))
FILE = TOP / "conf/pin2mqtt.schema.json"
HEADER = "# yaml-language-server: $schema=/usr/share/pin2mqtt/pin2mqtt.schema.json"
CONFIGURATIONS = sorted([*TOP.glob("conf/**/*.yaml"), TOP / "packaging/debian/pin2mqtt.yaml"])

VALIDATOR = jsonschema.Draft7Validator(json.loads(FILE.read_text(encoding="utf-8")))
BROKER = "mqtt: {servers: [mqtt://a]}\n"
SENSOR = BROKER + "sensors: [{id: a, driver: dht22, pin: GPIO4"


class Loader(yaml.SafeLoader):
    """As an editor that was told of !secret reads it."""


Loader.add_constructor("!secret", lambda loader, node: loader.construct_scalar(node))


def faults(text):
    """What the schema has against the file."""
    return [error.message for error in VALIDATOR.iter_errors(yaml.load(text, Loader))]


def is_right(path):
    """Whether `pin2mqtt check` takes it, and what it says."""
    told = subprocess.run([PROGRAM, "check", "-c", path], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert told.returncode in (0, 78), told.stderr
    return told.returncode == 0, told.stdout + told.stderr


def judge(tmp_path, text):
    """(taken by check, taken by the schema)"""
    file = tmp_path / "judged.yaml"
    file.write_text(text, encoding="utf-8")
    return is_right(file)[0], not faults(text)


def properties(schema=VALIDATOR.schema, path=""):
    """Yields path and schema of each key."""
    for name, below in schema.get("properties", {}).items():
        yield f"{path}{name}", below
        yield from properties(below, f"{path}{name}.")
        yield from properties(below.get("items", {}), f"{path}{name}[].")


def test_schema_is_what_the_program_prints():
    told = subprocess.run([PROGRAM, "check", "--schema"], capture_output=True, text=True,
                          timeout=60, check=True)
    assert told.stdout == FILE.read_text(encoding="utf-8"), (
        f"renew it: pin2mqtt check --schema >{FILE.relative_to(TOP)}")


def test_schema_is_one():
    jsonschema.Draft7Validator.check_schema(VALIDATOR.schema)


def test_schema_has_the_keys_of_the_example():
    entries = set(re.findall(r"^ *#?(?:- )?#?([a-z_]+):(?: |$)",
                             (TOP / "conf/pin2mqtt.yaml").read_text(encoding="utf-8"),
                             re.MULTILINE)) - {"attic", "cellar"}
    assert entries == {path.rpartition(".")[2] for path, _ in properties()}


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_configuration_fits_and_names_the_schema(path):
    text = path.read_text(encoding="utf-8")
    assert faults(text) == []
    assert text.splitlines()[0] == HEADER


def test_configurations_of_readme_and_manual_fit():
    readme = re.findall(r"```yaml\n(.*?)```", (TOP / "README.md").read_text(encoding="utf-8"),
                        re.DOTALL)
    source = (TOP / "packaging/man/pin2mqtt.yaml.5").read_text(encoding="utf-8")
    manual = re.findall(r"^\.EX\n((?:gateway|mqtt):.*?)^\.EE$", source, re.DOTALL | re.MULTILINE)
    assert readme and len(manual) > 2
    for text in readme + [block.replace(r"\-", "-") for block in manual]:
        assert faults(text) == [], text


@pytest.mark.parametrize("text", [
    BROKER,
    BROKER + "sensors:\npins:\nstore:\nhomeassistant:\n",
    BROKER + "pins: {attic: gpiochip2/17, a.b-c_1: sim/4}\n",
    "mqtt: {servers: ['wss://a.lan/mqtt', 'mqtt://[::1]:1883'], version: 5, retain: yes}\n",
    "mqtt: {servers: [mqtt://a], version: 3.1.1, qos: 0, retain: off, requests: On}\n",
    "mqtt: {servers: [mqtt://a], version: '5', qos: '1', topic: a/b, client_id: 17}\n",
    "mqtt: {servers: ['${BROKER:-mqtt://a}'], qos: '${QOS:-0}', keepalive: '${NONE:-30s}'}\n",
    "mqtt: {servers: [mqtt://a], version: '${NONE:-5}', requests: '${NONE:-true}'}\n",
    BROKER + "gateway: {id: 7, name: true}\n",
    BROKER + "store: {max_age: 1d12h, max_size: 1.5MiB, flush_interval: 0.5s}\n",
    BROKER + "store: {max_age: 07d, max_size: '64 MiB'}\n",
    SENSOR + ", edges: both, decode: strict, bias: pull_up, retries: 20, interval: 1h}]\n",
    SENSOR + ", stale_after: 1h30m}, {id: b, driver: am2302, pin: sim/1}]\n",
    SENSOR + ", filters: [median: 3, offset: {temperature: -0.4}], derive: []}]\n",
    SENSOR + ", filters: [offset: {humidity: +1.25}, median: '5', delta: {humidity: 0.5}, "
    "heartbeat: 1h30m], derive: [absolute_humidity, dew_point]}]\n",
    SENSOR + ", filters: [{median: 31}, {delta: {temperature: 100}}, {heartbeat: 1s}]}]\n",
    SENSOR + ", filters: ['offset': {temperature: '${NONE:--0.4}'}], derive: ['${N:-dew_point}']}]\n",
    SENSOR + ", filters: , derive: }]\n",
    SENSOR + "}, {id: c, driver: auto, pin: 'replay:x.csv'}, {id: d, driver: dht, pin: sim/2}]\n",
])
def test_both_take(tmp_path, text):
    assert judge(tmp_path, text) == (True, True), faults(text)


def test_both_take_secrets(tmp_path):
    (tmp_path / "secrets.yaml").write_text("broker: mqtt://a\nme: me\nword: word\n",
                                           encoding="utf-8")
    (tmp_path / "secrets.yaml").chmod(0o600)
    assert judge(tmp_path, "mqtt: {servers: [!secret broker], username: !secret me, "
                           "password: !secret word}\n") == (True, True)


@pytest.mark.parametrize("text", [
    "gateway: {id: a}\n",
    "mqtt: {}\n",
    "mqtt:\n",
    "mqtt: {servers: []}\n",
    "mqtt: {servers: mqtt://a}\n",
    "mqtt: {servers: [[mqtt://a]]}\n",
    "mqtt: {servers: ['broker.lan:1883']}\n",
    "mqtt: {servers: ['http://a']}\n",
    "mqtt: {servers: ['mqtt://me:secret@a']}\n",
    "mqtt: {servers: [mqtt://a], topik: x}\n",
    "mqtt: {servers: [mqtt://a], qos: 2}\n",
    "mqtt: {servers: [mqtt://a], qos: '2'}\n",
    "mqtt: {servers: [mqtt://a], qos: [1]}\n",
    "mqtt: {servers: [mqtt://a], version: 4}\n",
    "mqtt: {servers: [mqtt://a], version: 3.1}\n",
    "mqtt: {servers: [mqtt://a], topic: 'a/#'}\n",
    "mqtt: {servers: [mqtt://a], topic: a//b}\n",
    "mqtt: {servers: [mqtt://a], topic: ''}\n",
    "mqtt: {servers: [mqtt://a], requests: 2}\n",
    "mqtt: {servers: [mqtt://a], requests: maybe}\n",
    "mqtt: {servers: [mqtt://a], keepalive: 20}\n",
    "mqtt: {servers: [mqtt://a], keepalive: 20sec}\n",
    "mqtt: {servers: [mqtt://a], tls: {verify: perhaps}}\n",
    "mqtt: {servers: [mqtt://a], tls: yes}\n",
    BROKER + "gateway: {id: Green House}\n",
    BROKER + "gateway: greenhouse\n",
    BROKER + "greenhouse: {}\n",
    BROKER + "store: {durability: sometimes}\n",
    BROKER + "store: {max_size: 64}\n",
    BROKER + "store: {max_size: 64mb}\n",
    BROKER + "pins: [attic]\n",
    BROKER + "pins: {'my attic': gpiochip2/17}\n",
    BROKER + "pins: {attic: {chip: 2}}\n",
    BROKER + "sensors: {id: a}\n",
    BROKER + "sensors: [porch]\n",
    BROKER + "sensors: [null]\n",
    BROKER + "sensors: [{id: a, driver: dht22}]\n",
    BROKER + "sensors: [{id: a, pin: GPIO4}]\n",
    BROKER + "sensors: [{driver: dht22, pin: GPIO4}]\n",
    BROKER + "sensors: [{id: a, driver: DHT22, pin: GPIO4}]\n",
    BROKER + "sensors: [{id: a, driver: dht99, pin: GPIO4}]\n",
    SENSOR + ", retries: 21}]\n",
    SENSOR + ", retries: -1}]\n",
    SENSOR + ", edges: rising}]\n",
    SENSOR + ", intervall: 30s}]\n",
    SENSOR + ", name: ''}]\n",
    SENSOR + ", filters: {median: 3}}]\n",
    SENSOR + ", filters: [median]}]\n",
    SENSOR + ", filters: [{}]}]\n",
    SENSOR + ", filters: [{median: 3, offset: {humidity: 1}}]}]\n",
    SENSOR + ", filters: [mean: 3]}]\n",
    SENSOR + ", filters: [median: 4]}]\n",
    SENSOR + ", filters: [median: '4']}]\n",
    SENSOR + ", filters: [median: 33]}]\n",
    SENSOR + ", filters: [offset: 1]}]\n",
    SENSOR + ", filters: [offset: {pressure: 1}]}]\n",
    SENSOR + ", filters: [offset: {humidity: 101}]}]\n",
    SENSOR + ", filters: [offset: {humidity: high}]}]\n",
    SENSOR + ", filters: [delta: {humidity: 0}]}]\n",
    SENSOR + ", filters: [delta: {humidity: -1}]}]\n",
    SENSOR + ", filters: [delta: {humidity: 1}, heartbeat: 5]}]\n",
    SENSOR + ", filters: [median: 1, median: 1, median: 1, median: 1, median: 1]}]\n",
    SENSOR + ", derive: dew_point}]\n",
    SENSOR + ", derive: [frost_point]}]\n",
    SENSOR + ", derive: [dew_point, dew_point]}]\n",
    SENSOR + ", name: " + "x" * 129 + "}]\n",
])
def test_both_refuse(tmp_path, text):
    assert judge(tmp_path, text) == (False, False), faults(text)


def amounts():
    """Yields path and value, a whole number and its unit, around each key's limits."""
    ms = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}
    sizes = {"B": 1, "kB": 1000, "KiB": 1 << 10, "MB": 10 ** 6, "MiB": 1 << 20, "GB": 10 ** 9,
             "GiB": 1 << 30}
    kinds = {"duration": ms, "size": sizes}
    for path, schema in properties():
        limits = re.search(r"\((duration|size)\b.*; (\d+)(\w+) to (\d+)(\w+)\)$",
                           schema["description"])
        if not limits:
            continue
        units = kinds[limits.group(1)]
        for limit, its_unit in (limits.group(2, 3), limits.group(4, 5)):
            for unit, size in units.items():
                whole = int(limit) * units[its_unit] // size
                for number in {max(whole + step, 0) for step in (-1, 0, 1)}:
                    yield path, f"{number}{unit}"


def fits_elsewhere(told):
    """Refused by what a schema cannot say: the driver's rest, other keys, whole seconds."""
    return any(words in told for words in ("needs at least", "whole seconds", "interval",
                                           "is shorter"))


def test_limits_with_units_are_those_of_check(tmp_path):
    tried = 0
    for path, value in amounts():
        if path.startswith("sensors[].filters[]."):
            text = f"{SENSOR}, filters: [delta: {{humidity: 1}}, {path[20:]}: {value}]}}]\n"
        elif path.startswith("sensors[]."):
            text = f"{SENSOR}, {path[10:]}: {value}}}]\n"
        else:
            section, name = path.split(".")
            text = f"{section}: {{{name}: {value}, servers: [mqtt://a]}}\n" \
                if section == "mqtt" else f"{BROKER}{section}: {{{name}: {value}}}\n"
        file = tmp_path / "limit.yaml"
        file.write_text(text, encoding="utf-8")
        is_taken, told = is_right(file)
        if is_taken or f"{value}, but it must be " in told and "whole" not in told:
            assert (not faults(text)) == is_taken, (text, told, faults(text))
            tried += 1
        else:
            assert fits_elsewhere(told), told
    assert tried > 150
