# SPDX-License-Identifier: MIT
"""packaging/migrate: what it makes of other gateways' files is right for `pin2mqtt check`, and
it says what it leaves out."""
import os
import pathlib
import subprocess

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))

MQTT_IO = """\
mqtt:
  host: broker.lan
  user: me
  password: a${b}c
  client_id: shed
  topic_prefix: home/shed/
  keepalive: 3
  ha_discovery: {enabled: yes, prefix: ha, name: Shed}
gpio_modules:
  - {name: rpi, module: raspberrypi}
sensor_modules:
  - {name: Work Bench, module: dht22, type: AM2302, pin: 4}
  - {name: cellar, module: dht22, type: dht11, pin: 17}
  - {name: ds, module: ds18b, type: DS18S20, address: 000803702e49}
sensor_inputs:
  - {name: workshop_temp, module: Work Bench, type: temperature, interval: 90}
  - {name: workshop_hum, module: Work Bench, type: humidity, interval: 20, digits: 1}
  - {name: cellar_temp, module: cellar, interval: 0.5}
digital_inputs:
  - {name: door, module: rpi, pin: 0}
"""

HOME_ASSISTANT = """\
homeassistant: !include core.yaml
automation: !include_dir_list automations
sensor:
  - platform: time_date
  - platform: dht
    sensor: DHT22
    pin: D23
    name: "Shed: North"
    temperature_offset: -0.5
    scan_interval: {minutes: 2}
    monitored_conditions: [temperature, humidity]
  - {platform: dht, sensor: DHT11, pin: 4, scan_interval: "00:01:30"}
  - {platform: dht, sensor: AM2302, pin: 5, scan_interval: 10, name: Status}
sensor garden:
  platform: dht
  sensor: DHT22
  pin: 6
"""


def migrate(tmp_path, *texts):
    """Status, standard output and standard error."""
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"old{number}.yaml")
        files[-1].write_text(text, encoding="utf-8")
    told = subprocess.run([TOP / "packaging/migrate", *files], capture_output=True, text=True,
                          timeout=60, check=False)
    return told.returncode, told.stdout, told.stderr


def checked(tmp_path, text):
    """The document, which `pin2mqtt check` takes."""
    file = tmp_path / "pin2mqtt.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    told = subprocess.run([PROGRAM, "check", "-c", file], capture_output=True, text=True,
                          timeout=60, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return yaml.safe_load(text.replace("!secret", ""))


def test_mqtt_io_is_taken_over(tmp_path):
    status, text, notes = migrate(tmp_path, MQTT_IO)
    assert status == 0
    assert checked(tmp_path, text) == {
        "gateway": {"name": "Shed"},
        "mqtt": {"servers": ["mqtt://broker.lan:1883"], "username": "me",
                 "password": "a$${b}c", "client_id": "shed", "topic": "home/shed",
                 "keepalive": "5s"},
        "homeassistant": {"enabled": True, "prefix": "ha"},
        "sensors": [
            {"id": "work-bench", "name": "Work Bench", "driver": "am2302", "pin": "GPIO4",
             "interval": "20s"},
            {"id": "cellar", "name": "cellar", "driver": "dht11", "pin": "GPIO17",
             "interval": "1s"}]}
    for words in ("ds18b", "digital_inputs", "gpio_modules", "workshop_hum", "every 500ms",
                  "chmod 600"):
        assert words in notes
    assert "a${b}c" not in notes


def test_mqtt_io_with_tls_is_taken_over(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=ca", "-keyout",
                    tmp_path / "key.pem", "-out", tmp_path / "ca.pem"], check=True,
                   capture_output=True)
    old = ("mqtt: {host: '::1', port: 8883, tls: {enabled: true, ca_certs: ca.pem, "
           "insecure: true}}\n"
           "sensor_modules: [{name: a, module: dht22, type: DHT22, pin: 4}]\n")
    status, text, notes = migrate(tmp_path, old)
    assert status == 0
    assert "verify: false" in notes
    document = checked(tmp_path, text)
    assert document["mqtt"] == {"servers": ["mqtts://[::1]:8883"],
                                "tls": {"ca_file": "ca.pem", "verify": False}}
    assert document["homeassistant"] == {"enabled": False}


def test_home_assistant_is_taken_over(tmp_path):
    status, text, notes = migrate(tmp_path, HOME_ASSISTANT)
    assert status == 0
    document = checked(tmp_path, text)
    assert document["mqtt"] == {"servers": ["mqtt://homeassistant.local:1883"]}
    assert document["sensors"] == [
        {"id": "shed-north", "name": "Shed: North", "driver": "dht22", "pin": "GPIO23",
         "interval": "120s", "filters": [{"offset": {"temperature": -0.5}}]},
        {"id": "dht-sensor", "name": "DHT Sensor", "driver": "dht11", "pin": "GPIO4",
         "interval": "90s"},
        {"id": "status-2", "name": "Status", "driver": "am2302", "pin": "GPIO5",
         "interval": "30s"},
        {"id": "dht-sensor-2", "name": "DHT Sensor", "driver": "dht22", "pin": "GPIO6",
         "interval": "30s"}]
    for words in ("is a guess", "sensor.GATEWAY_shed_north_"):
        assert words in notes


def test_what_home_assistant_includes_is_named_and_taken_over(tmp_path):
    status, text, notes = migrate(
        tmp_path, "sensor: !include sensors.yaml\n"
                  "mqtt: {broker: 192.168.1.5, username: !secret user, password: !secret word}\n",
        "- {platform: dht, sensor: DHT22, pin: 4, name: Porch}\n")
    assert status == 0
    assert "!include sensors.yaml is another file" in notes
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text("user: me\nword: hidden\n", encoding="utf-8")
    secrets.chmod(0o600)
    document = checked(tmp_path, text)
    assert document["mqtt"]["servers"] == ["mqtt://192.168.1.5:1883"]
    assert [sensor["id"] for sensor in document["sensors"]] == ["porch"]


@pytest.mark.parametrize("text, status, words", [
    ("sensor: []\n", 1, "no DHT sensor"),
    ("", 65, "no configuration"),
    ("a: [\n", 65, "cannot be read"),
    ("sensor: [{platform: dht, sensor: DHT99, pin: 4}]\n", 65, "DHT99 is no sensor"),
    ("sensor: [{platform: dht, sensor: DHT22, pin: P9_11}]\n", 65, "'P9_11' is no number"),
    ("sensor: [{platform: dht, sensor: DHT22, pin: 4, scan_interval: soon}]\n", 65,
     "'soon' is no time"),
    ("sensor: [{platform: dht, sensor: DHT22, pin: 4, humidity_offset: much}]\n", 65,
     "humidity_offset: 'much' is no number"),
    ("sensor: [{platform: dht, sensor: DHT22, pin: 4, humidity_offset: .nan}]\n", 65,
     "is not from -100 to 100"),
    ("sensor: [dht]\n", 65, "no list of sections"),
    ("sensor_modules: []\nmqtt: [a]\n", 65, "mqtt is no section"),
])
def test_what_cannot_be_taken_over_is_said(tmp_path, text, status, words):
    told = migrate(tmp_path, text)
    assert told[0] == status
    assert told[1] == ""
    assert words in told[2]
