# SPDX-License-Identifier: MIT
"""The dashboards: their rules fire as histories say, and all that they ask for is told."""
import json
import pathlib
import re
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
DASHBOARDS = TOP / "packaging/dashboards"
GRAFANA = json.loads((DASHBOARDS / "grafana.json").read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("name", ["alerts.yml", "grafana.json"])
def test_all_that_is_asked_for_is_told(name):
    manual = (TOP / "packaging/man/pin2mqtt-http.7").read_text(encoding="utf-8")
    told = set(re.findall(r"\bpin2mqtt_\w+", manual))
    asked = set(re.findall(r"\bpin2mqtt_\w+", (DASHBOARDS / name).read_text(encoding="utf-8")))
    assert asked
    assert {re.sub("_bucket$", "", name) for name in asked} - told == set()


def test_grafana_asks_in_promql(tmp_path):
    queries = [target["expr"] for panel in GRAFANA["panels"] for target in panel["targets"]]
    assert len(queries) > 10
    rules = [{"record": f"query:{number}", "expr": query.replace("$instance", ".*").replace(
        "$sensor", ".*")} for number, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "grafana", "rules": rules}]}),
                    encoding="utf-8")
    promtool("check", "rules", file)


def test_grafana_takes_any_data_source():
    assert [given["name"] for given in GRAFANA["__inputs"]] == ["DS_PROMETHEUS"]
    used = set(re.findall(r'"uid": "([^"]*)"', json.dumps(GRAFANA)))
    assert used == {"${DS_PROMETHEUS}", "pin2mqtt"}
    assert "id" not in GRAFANA
    places = [panel["gridPos"] for panel in GRAFANA["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert len({(place["x"], place["y"]) for place in places}) == len(places)
