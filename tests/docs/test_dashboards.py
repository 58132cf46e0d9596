# SPDX-License-Identifier: MIT
"""The dashboards: their rules fire as histories say, and all that they ask for is told."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = TOP / "packaging/dashboards"
PROGRAM = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))
GATEWAYS, READINGS = (json.loads((DASHBOARDS / "grafana" / name).read_text(encoding="utf-8"))
                      for name in ("gateways.json", "readings.json"))


def targets(dashboard):
    return [target for panel in dashboard["panels"] for target in panel["targets"]]


def promtool(*arguments):
    told = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_alerts_are_as_their_histories_say():
    promtool("check", "rules", DASHBOARDS / "alerts.yml")
    promtool("test", "rules", TOP / "tests/dashboards/alerts.yml")


def test_every_alert_has_a_history():
    names = re.findall(r"- alert: (\w+)", (DASHBOARDS / "alerts.yml").read_text(encoding="utf-8"))
    tested = (TOP / "tests/dashboards/alerts.yml").read_text(encoding="utf-8")
    assert len(names) > 5
    assert [name for name in names if not re.search(rf"alertname: {name}\n", tested)] == []


@pytest.mark.parametrize("name", ["alerts.yml", "grafana/gateways.json"])
def test_all_that_is_asked_for_is_told(name):
    manual = (TOP / "packaging/man/pin2mqtt-http.7").read_text(encoding="utf-8")
    told = set(re.findall(r"\bpin2mqtt_\w+", manual))
    asked = set(re.findall(r"\bpin2mqtt_\w+", (DASHBOARDS / name).read_text(encoding="utf-8")))
    assert asked
    assert {re.sub("_bucket$", "", name) for name in asked} - told == set()


def test_prometheus_takes_its_configuration():
    # with the rules that it names
    promtool("check", "config", DASHBOARDS / "prometheus.yml")


def test_grafana_asks_in_promql(tmp_path):
    queries = [target["expr"] for target in targets(GATEWAYS)]
    assert len(queries) > 10
    rules = [{"record": f"query:{number}", "expr": query.replace("$instance", ".*").replace(
        "$sensor", ".*")} for number, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "grafana", "rules": rules}]}),
                    encoding="utf-8")
    promtool("check", "rules", file)


@pytest.mark.parametrize("dashboard,kind", [(GATEWAYS, "prometheus"), (READINGS, "influxdb")],
                         ids=["gateways", "readings"])
def test_grafana_takes_any_data_source(dashboard, kind):
    """By a variable, which an import by hand and provisioning both fill; __inputs only one."""
    assert "__inputs" not in dashboard and "id" not in dashboard
    chooser, *others = dashboard["templating"]["list"]
    assert (chooser["name"], chooser["type"], chooser["query"]) == ("datasource", "datasource",
                                                                   kind)
    used = [thing["datasource"] for thing in
            [*others, *dashboard["panels"], *targets(dashboard)]]
    assert all(used_one == {"type": kind, "uid": "${datasource}"} for used_one in used)
    assert kind in {required["id"] for required in dashboard["__requires"]}


@pytest.mark.parametrize("dashboard", [GATEWAYS, READINGS], ids=["gateways", "readings"])
def test_grafana_has_a_place_for_each_panel(dashboard):
    panels = dashboard["panels"]
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    cells = [(x, y) for place in places for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])]
    assert len(set(cells)) == len(cells)
    assert len({panel["id"] for panel in panels}) == len(panels)
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    asked = set(re.findall(r"\$(\w+)", " ".join(
        target.get("expr", "") + target.get("query", "") for target in targets(dashboard))))
    assert asked - {"timeFilter", "__interval"} < known


def test_grafana_finds_what_compose_mounts():
    """By paths and names: Grafana itself is not to be had here."""
    services = yaml.safe_load((TOP / "packaging/compose.yaml").read_text(
        encoding="utf-8"))["services"]
    provisioning = DASHBOARDS / "grafana/provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards/pin2mqtt.yaml").read_text(
        encoding="utf-8"))["providers"]
    mounts = dict(volume.split(":")[:2][::-1] for volume in services["grafana"]["volumes"])
    assert mounts["/etc/grafana/provisioning"] == "./dashboards/grafana/provisioning"
    assert mounts[provider["options"]["path"]] == "./dashboards/grafana"
    sources = yaml.safe_load((provisioning / "datasources/pin2mqtt.yaml").read_text(
        encoding="utf-8"))["datasources"]
    assert {source["type"] for source in sources} == {"prometheus", "influxdb"}
    for source in sources:
        host, port = re.fullmatch(r"http://([a-z]+):(\d+)", source["url"]).groups()
        assert host in services and port in ("9090", "8086")


def card(kind, more=(), entity=()):
    """A card's schema by Home Assistant's documentation of it."""
    text = {"type": "string", "minLength": 1}
    listed = {"type": "object", "required": ["entity"], "additionalProperties": False,
              "properties": {"entity": {"type": "string", "pattern": r"^[a-z_]+\.[a-z0-9_]+$"},
                             "name": text, **dict(entity)}}
    return {"type": "object", "required": ["type", "entities"], "additionalProperties": False,
            "properties": {"type": {"const": kind}, "title": text, **dict(more),
                           "entities": {"type": "array", "minItems": 1, "items": listed}}}


VIEWS = {"type": "array", "minItems": 1, "items": {
    "type": "object", "required": ["title"], "additionalProperties": False, "properties": {
        "title": {"type": "string"}, "path": {"type": "string", "pattern": "^[a-z][a-z0-9_-]*$"},
        "icon": {"type": "string", "pattern": "^mdi:[a-z0-9-]+$"},
        "cards": {"type": "array", "items": {"oneOf": [
            card("history-graph", {"hours_to_show": {"type": "integer", "minimum": 1},
                                   "refresh_interval": {"type": "integer"}}),
            card("entities", {"show_header_toggle": {"type": "boolean"},
                              "state_color": {"type": "boolean"}, "icon": {"type": "string"}},
                 {"icon": {"type": "string"}, "secondary_info": {"type": "string"},
                  "format": {"enum": ["relative", "total", "date", "time", "datetime"]}})]}}}}}


def test_home_assistant_shows_what_it_is_told_of():
    views = yaml.safe_load((DASHBOARDS / "home-assistant.yaml").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(VIEWS).validate(views)
    told = subprocess.run([PROGRAM, "discovery", "-c", TOP / "conf/examples/home-assistant.yaml"],
                          capture_output=True, text=True, timeout=30, check=True)
    entities = {entity["default_entity_id"]: entity for line in told.stdout.splitlines()
                for entity in json.loads(line.split(" ", 1)[1])["components"].values()}
    cards = [card for view in views for card in view["cards"]]
    shown = [row for card in cards for row in card["entities"]]
    assert {row["entity"] for row in shown} <= entities.keys()
    # Not those that are off until somebody turns them on.
    assert all(entities[row["entity"]].get("enabled_by_default", True) for row in shown)
    # A graph has one unit, and each sensor's values are in one.
    graphs = [card for card in cards if card["type"] == "history-graph"]
    for graph in graphs:
        assert len({entities[row["entity"]]["unit_of_measurement"]
                    for row in graph["entities"]}) == 1
        assert len(graph["entities"]) <= 8
    measured = {name for name, entity in entities.items()
                if entity.get("device_class") in ("temperature", "humidity")}
    assert {row["entity"] for graph in graphs for row in graph["entities"]} == measured
    for row in shown:
        assert ("format" in row) == (entities[row["entity"]].get("device_class") == "timestamp")
