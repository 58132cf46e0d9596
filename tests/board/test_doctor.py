# SPDX-License-Identifier: MIT
"""What `doctor` finds about chips, lines and rights, on the kernel's character device."""
import json

import pytest

import board
from test_plumbing import GPIO_SIM

# What is wrong with each sensor's pin, and what is told of it.
BROKEN = {
    "held_by_a_driver": ("LED", "pin_busy", '"led"'),
    "no_such_name": ("GPIO77", "pin_missing", "GPIO77"),
    "no_such_line": ("porch/8", "pin_missing", "8 lines"),
    "renumbered_chip": ("gpiochip7/1", "chip_missing", "gpiochip7"),
    "renamed_chip": ("cellar/1", "chip_missing", "cellar"),
    "same_name_twice": ("GPIO4", "pin_ambiguous", "porch"),
    "held_by_a_program": ("GPIO2", "pin_busy", "pin2mqtt"),
}
SENSORS = [{"id": "fine", "driver": "dht22", "pin": "GPIO1"},
           *({"id": case, "driver": "dht22", "pin": pin}
             for case, (pin, _, _) in BROKEN.items())]
OTHER = """
printf 'mqtt: {servers: [mqtt://127.0.0.1:1883]}\\nsensors: [{id: s, driver: dht22, pin: GPIO2}]\\n' \
	>/other.yaml
pin2mqtt run -c /other.yaml 2>/dev/null &
other=$!
sleep 2
"""


@pytest.fixture(scope="module", params=[1, 2], ids=["libgpiod1", "libgpiod2"])
def told(request):
    """{who: what doctor told}; before and after the gateway of the same file runs."""
    if not board.gateway(request.param).exists():
        pytest.skip(f"{board.gateway(request.param)} is not built")
    command = GPIO_SIM + OTHER + "chmod 644 /etc/pin2mqtt.yaml\n"
    doctor = "pin2mqtt doctor --json -c /etc/pin2mqtt.yaml"
    for user in ("nobody", "member"):
        command += f"su {user} -s /bin/sh -c '{doctor}' >/out/{user}\n"
    command += f"{doctor} >/out/root\necho $? >/out/status\n"
    command += "pin2mqtt doctor -c /etc/pin2mqtt.yaml >/out/text\n"
    command += (f"pin2mqtt run -c /etc/pin2mqtt.yaml 2>/dev/null &\ngateway=$!\nsleep 4\n"
                f"{doctor} >/out/running\nkill $gateway $other\nwait\ncp $D/stat /out/stat")
    run = board.run_gateway(request.param, sensors=SENSORS, command=command)
    said = {who: json.loads(run.files[who]) for who in ("nobody", "member", "root", "running")}
    return said | {"text": run.files["text"], "status": run.files["status"].strip()}


def of_sensor(told, sensor):
    return [finding for finding in told["findings"]
            if finding["what"].startswith(f"{sensor}: ")]


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_pin_is_named_with_its_mend(told, case):
    _, kind, word = BROKEN[case]
    for who in ("root", "member"):
        [finding] = of_sensor(told[who], case)
        assert (finding["id"], finding["level"]) == (kind, "problem")
        assert word in finding["what"]
        assert finding["why"] and finding["mend"]


def test_a_free_pin_is_fine(told):
    [finding] = of_sensor(told["root"], "fine")
    assert (finding["id"], finding["level"]) == ("pin", "ok")
    assert "dht-bus" in finding["what"] and finding["what"].endswith("free")


def test_who_lacks_the_group_is_told_the_command(told):
    closed = [f for f in told["nobody"]["findings"] if f["id"] == "chip_access"]
    assert len(closed) == 2
    assert all(f["mend"].startswith("sudo usermod -aG gpio nobody") for f in closed)
    assert of_sensor(told["nobody"], "fine")[0]["id"] == "pin_access"
    assert not [f for f in told["member"]["findings"] if f["id"] == "chip_access"]


def test_lines_of_the_running_gateway_are_no_problem(told):
    [finding] = of_sensor(told["running"], "fine")
    assert finding["level"] == "ok" and "the running gateway reads" in finding["what"]
    [gateway] = [f for f in told["running"]["findings"] if f["id"] == "gateway"]
    assert "the gateway runs: " in gateway["what"]


def test_status_and_text_say_the_same(told):
    assert told["status"] == "1"
    for finding in told["root"]["findings"]:
        if finding["id"] != "clock_unsynced":
            assert finding["what"] in told["text"]
