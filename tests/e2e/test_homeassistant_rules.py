# SPDX-License-Identifier: MIT
"""The checker itself: it passes what is right, and nothing that is wrong."""
import copy
import json

import pytest

from homeassistant_rules import check

TOPIC = "homeassistant/device/gw_porch/config"
GOOD = {
    "origin": {"name": "pin2mqtt", "sw_version": "1"},
    "device": {"identifiers": ["gw_porch"], "name": "Porch", "model": "DHT22"},
    "state_topic": "b/g/porch/state",
    "availability": [{"topic": "b/g/status"}, {"topic": "b/g/porch/availability"}],
    "availability_mode": "all",
    "components": {
        "temperature": {
            "platform": "sensor", "unique_id": "gw_porch_temperature",
            "default_entity_id": "sensor.porch_temperature", "device_class": "temperature",
            "state_class": "measurement", "unit_of_measurement": "°C",
            "suggested_display_precision": 1, "expire_after": 90,
            "value_template": "{{ value_json.temperature }}"},
        "alive": {
            "platform": "binary_sensor", "unique_id": "gw_porch_alive",
            "device_class": "connectivity", "state_topic": "b/g/status",
            "payload_on": "online", "payload_off": "offline",
            "entity_category": "diagnostic"}}}
T, A = ("components", "temperature"), ("components", "alive")
REMOVED = object()


def complaints_of(*changes):
    document = copy.deepcopy(GOOD)
    for path, value in changes:
        place = document
        for key in path[:-1]:
            place = place[key]
        if value is REMOVED:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return check([(TOPIC, json.dumps(document))])


def test_what_is_right_passes():
    assert complaints_of() == []
    assert complaints_of(((*T, "name"), None), ((*T, "enabled_by_default"), False)) == []
    assert complaints_of((("components", "left"), {"platform": "button"})) == []


@pytest.mark.parametrize("path, value", [
    # Keys at the root lose the device.
    (("~",), "b/g"), (("name",), "x"), (("object_id",), "x"), (("availabilty",), []),
    (("cmps",), {}), (("origin",), REMOVED), (("origin", "name"), REMOVED),
    (("origin", "sw"), "1"), (("device",), REMOVED), (("device", "identifiers"), REMOVED),
    (("device", "identifiers"), []), (("device", "identifier"), ["x"]),
    (("device", "configuration_url"), "nowhere"), (("device", "via_device"), "nobody"),
    (("components",), REMOVED), (("components",), {}), (("components",), []),
    (("availability_topic",), "b/g/status"), (("availability_mode",), "both"),
    (("availability",), [{"tpoic": "x"}]), (("availability",), []), (("state_topic",), "b/#"),
    # Keys in a component are dropped.
    ((*T, "unit"), "°C"), ((*T, "stateclass"), "measurement"), ((*T, "object_id"), "x"),
    ((*T, "expire_afetr"), 1), ((*T, "payload_on"), "x"), ((*A, "state_class"), "measurement"),
    ((*A, "unit_of_measurement"), "s"), ((*T, "command_topic"), "b/x"),
    # What must be there.
    ((*T, "platform"), REMOVED), ((*T, "platform"), "sensors"), ((*T, "unique_id"), REMOVED),
    (("state_topic",), REMOVED),
    # Units and classes.
    ((*T, "unit_of_measurement"), "C"), ((*T, "unit_of_measurement"), REMOVED),
    ((*T, "unit_of_measurement"), "%"), ((*T, "device_class"), "temprature"),
    ((*T, "device_class"), "humidity"), ((*T, "device_class"), "timestamp"),
    ((*T, "state_class"), "total"), ((*T, "state_class"), "measured"),
    ((*T, "state_class"), REMOVED), ((*T, "options"), ["a"]),
    ((*T, "state_class"), "measurement_angle"),
    ((*T, "last_reset_value_template"), "{{ value }}"), ((*A, "device_class"), "connected"),
    # Types and values.
    ((*T, "expire_after"), -1), ((*T, "expire_after"), "90"), ((*T, "expire_after"), True),
    ((*T, "suggested_display_precision"), 1.5), ((*T, "qos"), 3),
    ((*T, "entity_category"), "config"), ((*T, "value_template"), "{{ value_json."),
    ((*T, "value_template"), ""), ((*T, "state_topic"), "b/+/state"), ((*T, "icon"), "leaf"),
    ((*T, "enabled_by_default"), "false"),
    # Ids.
    ((*A, "default_entity_id"), "sensor.alive"), ((*T, "default_entity_id"), "temperature"),
    ((*T, "default_entity_id"), "sensor.porch-temperature"),
    ((*T, "default_entity_id"), "sensor.Porch"),
    (("components", "left"), {"platform": "buttn"}), (("components", "left"), {}),
    (("components", "a b"), GOOD["components"]["alive"] | {"unique_id": "other"}),
], ids=lambda part: "" if part is REMOVED else None)
def test_what_is_wrong_fails(path, value):
    assert complaints_of((path, value)) != []


def test_doubles_fail():
    twice = ((*A, "platform"), "sensor"), ((*A, "unique_id"), "gw_porch_temperature")
    assert any("unique_id" in complaint for complaint in complaints_of(*twice))
    payload = json.dumps(GOOD)
    other = "homeassistant/device/gw_shed/config"
    told = check([(TOPIC, payload), (other, payload)])
    assert any("identifier gw_porch" in complaint for complaint in told)
    assert any("unique_id" in complaint for complaint in told)
    assert any("topic" in complaint for complaint in check([(TOPIC, payload)] * 2))
    assert check([(TOPIC, '{"origin":{"name":"a","name":"b"}}')]) != []


@pytest.mark.parametrize("topic", [
    "homeassistant/device/gw porch/config", "homeassistant/device/gwü/config",
    "homeassistant/device//config", "homeassistant/device/a/b/c/config",
    "homeassistant/sensor/gw_porch/config", "homeassistant/device/gw_porch/confg",
    "ha/device/gw_porch/config"])
def test_topics_that_it_does_not_hear_fail(topic):
    assert check([(topic, json.dumps(GOOD))]) != []


@pytest.mark.parametrize("payload", ["", "{", "[]", "null", json.dumps(GOOD)[:-1]])
def test_what_is_no_json_object_fails(payload):
    assert check([(TOPIC, payload)]) != []
