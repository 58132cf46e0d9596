# SPDX-License-Identifier: MIT
"""What becomes of readings before they are posted: filters, and what is derived, from the pin to
the broker and to what Home Assistant is told."""
import datetime
import json
import math
import subprocess
import time

from conftest import PROGRAM, wait_until
from homeassistant_rules import check, entities, render


def record(folder, *temperatures):
    """A recording of these, one answer after the other, of 50 %."""
    lines = []
    for number, temperature in enumerate(temperatures):
        made = subprocess.run([PROGRAM, "synth", "--driver", "dht11", "--format", "csv", "-o", "-",
                               f"--temperature={temperature}", "--humidity=50"], check=True,
                              capture_output=True, text=True, timeout=30).stdout
        head, frame = made.splitlines()[:2], made.splitlines()[2:]
        lines += [] if lines else head
        for t_ns, rest in (line.split(",", 1) for line in frame):
            lines.append(f"{int(t_ns) + number * 10 ** 9},{rest}")
    file = folder / "recording.csv"
    file.write_text("\n".join([*lines, ""]), encoding="ascii")
    return file


def porch(recording, *lines):
    return "\n    ".join([f"  - id: porch\n    driver: dht11\n    pin: 'replay:{recording}'",
                          "interval: 1s", *lines])


def age_s(later, earlier):
    """Between two readings."""
    return (datetime.datetime.fromisoformat(later["ts"].rstrip("Z"))
            - datetime.datetime.fromisoformat(earlier["ts"].rstrip("Z"))).total_seconds()


def dew_point(temperature, humidity):
    exponent = 17.62 * temperature / (243.12 + temperature) + math.log(humidity / 100)
    return 243.12 * exponent / (17.62 - exponent)


def test_what_has_changed_comes_at_once_and_else_the_heartbeat(tmp_path, run, listen):
    listener = listen()
    run(porch(record(tmp_path, 21, 21, 21, 22, 22, 22),
              "filters: [offset: {temperature: -0.4, humidity: 55}, delta: {temperature: 0.3}, "
              "heartbeat: 2s]"))
    listener.wait_for("/readings", 6)
    readings = listener.readings()
    assert {reading["temperature"] for reading in readings} == {20.6, 21.6}
    assert {reading["humidity"] for reading in readings} == {100.0}
    assert [reading["seq"] - readings[0]["seq"] for reading in readings] == list(
        range(len(readings)))
    for before, after in zip(readings, readings[1:]):
        # A beat is the turn after which the next one would come too late.
        assert after["temperature"] != before["temperature"] or age_s(after, before) > 1.1


def test_a_spike_does_not_pass_the_median(tmp_path, run, listen):
    listener = listen()
    run(porch(record(tmp_path, 21, 21.2, 50, 21.1, 21.2, 21.1), "filters: [median: 3]"))
    listener.wait_for("/readings", 7)
    temperatures = [reading["temperature"] for reading in listener.readings()]
    assert temperatures[:7] == [21, 21.2, 21.2, 21.2, 21.2, 21.1, 21.1]


def test_derived_values_come_with_the_filtered_ones_and_to_home_assistant(tmp_path, run, listen):
    listener = listen()
    run(porch(record(tmp_path, 21.5), "filters: [offset: {temperature: -0.4, humidity: 2}]",
              "derive: [absolute_humidity, dew_point]"), homeassistant="{prefix: ha}")
    reading = json.loads(listener.wait_for("/readings")[0].text)
    assert (reading["temperature"], reading["humidity"]) == (21.1, 52)
    assert reading["dew_point"] == round(dew_point(21.1, 52), 1) == 10.9
    assert reading["absolute_humidity"] == 9.56
    state = listener.wait_for("/state")[0].text
    assert all(json.loads(state)[key] == reading[key] for key in
               ("temperature", "humidity", "dew_point", "absolute_humidity"))
    listener.wait_for("/config", 2)
    announced = [(message.topic, message.text) for message in listener.seen("/config")]
    assert check(announced, "ha") == []
    found = {key: entity for _, key, entity in entities(announced)}
    for key, kind, unit in (("dew_point", "temperature", "°C"),
                            ("absolute_humidity", "absolute_humidity", "g/m³")):
        assert (found[key]["device_class"], found[key]["unit_of_measurement"]) == (kind, unit)
        assert render(found[key]["value_template"], state) == str(reading[key])
        assert render(found[key]["value_template"], '{"temperature": 1}') == "None"


def test_a_state_is_renewed_before_it_expires(tmp_path, run, listen):
    listener = listen()
    run(porch(record(tmp_path, 21), "stale_after: 4s",
              "filters: [delta: {temperature: 5, humidity: 5}, heartbeat: 1h]"))
    states = listener.wait_for("/porch/state", 3)
    assert all(0 < message.expiry_s <= 4 for message in states)
    values = [json.loads(message.text) for message in states]
    # Not each reading: some were held back.
    assert any(age_s(after, before) > 1.5 for before, after in zip(values, values[1:]))


def test_who_asks_for_a_reading_gets_what_is_so_now(tmp_path, run, listen):
    listener = listen()
    run(porch(record(tmp_path, 21, 23), "stale_after: 10m",
              "filters: [median: 3, offset: {temperature: 1}, delta: {temperature: 50}]",
              "derive: [dew_point]"), mqtt_lines="  requests: true")
    first = json.loads(listener.wait_for("/readings")[0].text)
    assert first["temperature"] == 22
    listener.client.publish("b/g/request/read", '{"sensor": "porch"}', 1)
    told = json.loads(listener.wait_for("/response/read")[0].text)
    assert told["status"] == "ok"
    # Neither the median of what came before nor what was posted last.
    assert told["temperature"] in (22, 24)
    assert told["dew_point"] == round(dew_point(told["temperature"], 50), 1)
    posted = json.loads(listener.wait_for("/readings", 2)[1].text)
    assert posted["seq"] == told["seq"] == first["seq"] + 1
    assert posted["ts"] == told["ts"]
    assert wait_until(lambda: json.loads(listener.last("/state"))["seq"] == told["seq"],
                      "it is the state, too")


def test_a_reload_that_changes_filters_is_seen_at_once(tmp_path, run, listen):
    listener = listen()
    recording = record(tmp_path, 21)
    gateway = run(porch(recording, "stale_after: 10m", "filters: [delta: {temperature: 50}]",
                        "derive: [dew_point]"), homeassistant="{prefix: ha}")
    listener.wait_for("/readings")
    listener.wait_for("/config", 2)
    gateway.reload(sensors=porch(recording, "stale_after: 10m",
                                 "filters: [offset: {temperature: 1}, delta: {temperature: 50}]"))
    gateway.wait_for_word(r'changed="porch \(filters, derive\)"')
    before, after = [json.loads(message.text) for message in listener.wait_for("/readings", 2)][:2]
    assert (before["temperature"], after["temperature"]) == (21, 22)
    assert "dew_point" in before and "dew_point" not in after

    def is_taken_back():
        document = json.loads(listener.last("porch/config"))
        return document["components"].get("dew_point") == {"platform": "sensor"}

    wait_until(is_taken_back, "the entity is taken back")
    # With the same filters nothing is posted for a reload's sake.
    number = len(listener.readings())
    gateway.reload(sensors=porch(recording, "stale_after: 11m",
                                 "filters: [offset: {temperature: 1}, delta: {temperature: 50}]"))
    time.sleep(2)  # two turns
    listener.catch_up()
    assert len(listener.readings()) == number


def test_read_prints_what_the_configuration_makes_of_an_answer(tmp_path):
    file = tmp_path / "p.yaml"
    lines = porch(record(tmp_path, 21.5), "filters: [median: 5, offset: {temperature: -0.4}, "
                  "delta: {temperature: 9}]", "derive: [dew_point, absolute_humidity]")
    file.write_text(f"mqtt: {{servers: [mqtt://127.0.0.1:1]}}\nsensors:\n{lines}\n",
                    encoding="utf-8")
    told = subprocess.run([PROGRAM, "read", "-c", file, "porch"], capture_output=True, text=True,
                          timeout=30, check=True).stdout
    assert told == "temperature 21.1 °C  humidity 50.0 %  dew_point 10.3 °C  " \
        "absolute_humidity 9.19 g/m³\n"
