# SPDX-License-Identifier: MIT
"""pin2mqtt check: what it prints where, and how it ends."""
import json
import os
import pathlib
import subprocess

import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))

GOOD = """\
gateway: {id: greenhouse}
mqtt: {servers: [mqtt://broker.lan], username: joe, password: hunter2}
sensors: [{id: porch, driver: am2302, pin: GPIO4}]
"""
BAD = """\
gateway: {id: greenhouse}
mqtt: {servers: [mqttz://broker.lan], password_file: nothing}
sensors:
- {id: porch, driver: dht22, pin: GPIO4, intervall: 5s}
- {id: shed, driver: dht22, pin: GPIO5, interval: 1s}
- {id: barn, driver: dth22, pin: GPIO6}
"""
# Every section with all that a gateway usually has, as it was agreed on: no word of it may become
# wrong.
AGREED = """\
gateway:
  id: greenhouse                    # [a-z0-9_-]; default: the host name, made to fit
  name: Greenhouse
mqtt:
  servers: [mqtts://broker.lan:8883, mqtts://standby.lan:8883]   # mqtt, mqtts, ws, wss; tried in order
  version: auto                     # auto (5, then 3.1.1), 5, 3.1.1
  username: greenhouse
  password_file: /run/secrets/mqtt
  tls: {ca_file: , certificate_file: , key_file: , verify: true}
  topic: pin2mqtt
  qos: 1
  retain: auto                      # newest states are retained where they can expire (MQTT 5)
  keepalive: 20s
homeassistant: {enabled: true, prefix: homeassistant, status_topic: homeassistant/status}
store:
  path: /var/lib/pin2mqtt/state.db
  durability: outage                # always | outage | none
  max_size: 64MiB
  max_age: 7d
  flush_interval: 5s
http: {listen: 127.0.0.1:9478}      # /metrics /healthz /readyz and the status page; absent: off
pins:                               # names for lines that the kernel does not name
  attic: gpiochip2/17
  porch: pinctrl-rp1/23             # by chip label: survives renumbering
sensors:
  - id: porch
    name: Porch
    driver: dht22
    pin: GPIO4                      # a name from pins:, a kernel line name, or CHIP/OFFSET (chip name, label or path)
    interval: 30s
    power_pin: GPIO22               # optional: power-cycle a sensor that hangs
    trigger_pin: GPIO27             # optional: a second line on the same bus gives the start pulse
    edges: falling                  # falling | both
    decode: repair                  # repair | strict
    stale_after: 90s
    filters: [median: 3, offset: {temperature: -0.4}, delta: {temperature: 0.1, humidity: 0.5}, heartbeat: 5m]
    derive: [dew_point, absolute_humidity]
"""


def check(*arguments, **environment):
    return subprocess.run([PROGRAM, "check", *map(str, arguments)], capture_output=True,
                          text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
                          env=os.environ | environment)


def write(folder, text):
    file = folder / "p.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_good_file_is_said_on_stdout(tmp_path):
    file = write(tmp_path, GOOD)
    told = check("-c", file)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"{file}: ok, 1 sensor, 1 server\n"


def test_what_was_agreed_on_is_right_and_means_what_it_says(tmp_path):
    password = tmp_path / "mqtt"
    password.write_text("hunter2\n", encoding="utf-8")
    password.chmod(0o600)
    file = write(tmp_path, AGREED.replace("/run/secrets/mqtt", str(password)))
    told = check("-c", file)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"{file}: ok, 1 sensor, 2 servers\n"
    printed = check("-c", file, "--print")
    assert printed.returncode == 0
    meant, is_so = yaml.safe_load(AGREED), yaml.safe_load(printed.stdout)
    assert is_so["pins"] == meant["pins"]
    for section in ("gateway", "homeassistant", "store", "http"):
        assert {name: is_so[section][name] for name in meant[section]} == meant[section]
    assert is_so["mqtt"]["servers"] == meant["mqtt"]["servers"]
    sensor = meant["sensors"][0]
    assert {name: is_so["sensors"][0][name] for name in sensor} == sensor


def test_all_errors_are_told_on_stderr_with_their_places(tmp_path):
    file = write(tmp_path, BAD)
    told = check("-c", file)
    assert (told.returncode, told.stdout) == (78, "")
    assert [line.split(" ")[:2] for line in told.stderr.splitlines()] == [
        [f"{file}:2:18:", "mqtt.servers[0]:"],
        [f"{file}:2:54:", "mqtt.password_file:"],
        [f"{file}:4:42:", "sensors[0].intervall:"],
        [f"{file}:5:51:", "sensors[1].interval:"],
        [f"{file}:6:22:", "sensors[2].driver:"],
    ]
    assert "did you mean interval?" in told.stderr
    assert "1s, but a dht22 needs at least 2s" in told.stderr
    assert "did you mean dht22?" in told.stderr


def test_json_holds_the_same(tmp_path):
    file = write(tmp_path, BAD)
    told = check("-c", file, "--json")
    report = json.loads(told.stdout)
    assert (told.returncode, told.stderr) == (78, "")
    assert (report["file"], report["ok"], len(report["errors"])) == (str(file), False, 5)
    assert report["errors"][3] == {
        "severity": "error", "line": 5, "column": 51, "path": "sensors[1].interval",
        "text": "1s, but a dht22 needs at least 2s"}
    report = json.loads(check("-c", write(tmp_path, GOOD), "--json").stdout)
    assert (report["ok"], report["errors"]) == (True, [])


def test_what_print_gives_loads_again_and_hides_secrets(tmp_path):
    told = check("-c", write(tmp_path, GOOD), "--print")
    assert told.returncode == 0
    assert "hunter2" not in told.stdout
    assert 'password: "***"' in told.stdout
    assert "interval: 30s" in told.stdout
    again = check("-c", write(tmp_path, told.stdout), "--print")
    assert again.stdout == told.stdout
    report = json.loads(check("-c", write(tmp_path, GOOD), "--print", "--json").stdout)
    assert report["config"] == told.stdout


def test_warnings_do_not_fail(tmp_path):
    file = write(tmp_path, "gateway: {id: g}\nmqtt: {servers: [mqtt://a]}\nsensors: []\n")
    told = check("-c", file)
    assert told.returncode == 0
    assert f"{file}:3:10: warning: sensors: there are none" in told.stderr
    assert json.loads(check("-c", file, "--json").stdout)["errors"][0]["severity"] == "warning"


def test_file_can_come_through_a_pipe():
    told = subprocess.run([PROGRAM, "check", "-c", "/dev/stdin"], input=GOOD, text=True,
                          capture_output=True, timeout=30, check=False)
    assert told.returncode == 0, told.stderr


def test_what_cannot_be_read_is_a_wrong_configuration(tmp_path):
    for file, why in ((tmp_path, "directory"), (tmp_path / "none", "No such file")):
        told = check("-c", file)
        assert told.returncode == 78
        assert told.stderr.startswith(f"{file}: cannot be read: ")
        assert why in told.stderr


def test_command_line_is_checked(tmp_path):
    file = write(tmp_path, GOOD)
    assert check(file).returncode == 64
    assert check("--no-such-option").returncode == 64
    assert check("-c").returncode == 64
    assert check(PIN2MQTT_CONFIG=str(file)).returncode == 0
