# SPDX-License-Identifier: MIT
"""`scan` finds sensors on free lines, and leaves alone what anybody uses."""
import json
import subprocess

import pytest

import board
from test_plumbing import GPIO_SIM

# Line 4 shares its name with a line of the other chip.
MODELS = {"GPIO0": "dht22", "GPIO1": "dht11", "GPIO2": "dht21", "dht-bus/4": "dht22"}
HELD = 3
CONF = ["0 model=dht22", "1 model=dht11", "2 model=dht21", f"{HELD} model=dht22", "4 model=dht22",
        "5 silent=1"]


@pytest.fixture(scope="module", params=[1, 2], ids=["libgpiod1", "libgpiod2"])
def run(request):
    """Sensors on four lines of the module's chip, of which a gateway has one that it does not
    ask; gpio-sim's chip has a line that a driver holds."""
    if not board.gateway(request.param).exists():
        pytest.skip(f"{board.gateway(request.param)} is not built")
    command = GPIO_SIM + (
        "pin2mqtt run -c /etc/pin2mqtt.yaml 2>/dev/null &\ngateway=$!\nsleep 2\n"
        "cp $D/stat /out/before\n"
        "pin2mqtt scan --yes --json >/out/json 2>/out/said; echo $? >/out/status\n"
        "pin2mqtt scan --chip dht-bus --yes >/out/yaml 2>/dev/null\n"
        "pin2mqtt scan </dev/null >/out/unasked 2>&1; echo $? >>/out/unasked\n"
        "pin2mqtt scan --yes --chip porch >/out/none 2>&1; echo $? >>/out/none\n"
        "pin2mqtt scan --yes --chip cellar >/out/no_chip 2>&1; echo $? >>/out/no_chip\n"
        "kill $gateway\nwait\n")
    sensors = [{"id": "held", "driver": "dht22", "pin": f"GPIO{HELD}", "interval": "1h"}]
    return board.run_gateway(request.param, sensors=sensors, command=command, broker=False,
                             module="lines=6", conf=CONF)


def test_every_sensor_is_found_with_its_model(run):
    found = json.loads(run.files["json"])
    assert {sensor["pin"]: sensor["driver"] for sensor in found} == MODELS
    assert all({"temperature", "humidity", "bias"} <= set(sensor) for sensor in found)
    assert run.files["status"].strip() == "0"


def test_lines_that_somebody_uses_are_not_touched(run):
    held = [start for start in run.starts if start.line == HELD]
    assert len(held) <= 1, "only the gateway itself may have asked"
    assert "LED" not in run.files["said"] + run.files["json"]


def test_it_says_what_it_drives(run):
    plan, _, found = run.files["said"].partition("pin2mqtt scan: ")
    told, _, lines = plan.partition(":\n")
    assert "pulled low" in told
    assert set(MODELS) <= set(lines.split()) and f"GPIO{HELD}" not in lines.split()
    assert "GPIO0: a dht22" in found


def test_what_it_prints_is_a_configuration(run, tmp_path):
    file = tmp_path / "found.yaml"
    file.write_text("mqtt: {servers: [mqtt://127.0.0.1]}\n" + run.files["yaml"])
    told = subprocess.run([board.gateway(1), "check", "-c", file, "--print"],
                          capture_output=True, text=True, check=True)
    for pin, model in MODELS.items():
        assert f"pin: '{pin}'" in run.files["yaml"]
        assert pin in told.stdout and model in told.stdout


def test_it_asks_before_it_drives_a_line(run):
    assert "--yes" in run.files["unasked"] and run.files["unasked"].endswith("64\n")


def test_it_says_where_nothing_was_found(run):
    assert "answers like a sensor" in run.files["none"]
    assert run.files["none"].endswith("69\n")
    assert '"cellar"' in run.files["no_chip"] and run.files["no_chip"].endswith("69\n")
