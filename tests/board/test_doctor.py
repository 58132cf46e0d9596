# SPDX-License-Identifier: MIT
"""What `doctor` finds about chips, lines and rights, on the kernel's character device."""
import json
import re

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
    "held_by_w1_gpio": ("W1", "pin_w1", "onewire@7"),
    "held_by_the_kernels_dht11": ("GPIO5", "pin_dht11", "dht11"),
}
# The same, where the line can be had: and what is logged of it.
DOUBTFUL = {
    "no_pull_up": ("ALONE", "pin_low", "no pull-up is seen"),
    "silent": ("GPIO6", "sensor_silent", "no_response"),
    "wrong_model": ("GPIO7", "sensor_refused", "implausible"),
    "by_number": ("gpiochip0/3", "pin_numbered", "GPIO3"),
}
MODULE = "lines=8 iio_line=5"
CONF = ["6 silent=1", "7 model=dht11"]
W1 = """mkdir -p $porch/bank/line7/hog
echo W1 >$porch/bank/line7/name
echo onewire@7 >$porch/bank/line7/hog/name
"""
LIVE = "echo 1 >$porch/live"
SENSORS = [{"id": "fine", "driver": "dht22", "pin": "GPIO1"},
           *({"id": case, "driver": "dht22", "pin": pin}
             for case, (pin, _, _) in [*BROKEN.items(), *DOUBTFUL.items()])]
OTHER = """
cat >/other.yaml <<'END'
gateway: {id: other}
mqtt: {servers: [mqtt://127.0.0.1:1883]}
sensors: [{id: s, driver: dht22, pin: GPIO2}]
END
pin2mqtt run -c /other.yaml 2>/dev/null &
other=$!
sleep 2
"""


@pytest.fixture(scope="module", params=[1, 2], ids=["libgpiod1", "libgpiod2"])
def told(request):
    """{who: what doctor told}; before and after the gateway of the same file runs."""
    if not board.gateway(request.param).exists():
        pytest.skip(f"{board.gateway(request.param)} is not built")
    command = GPIO_SIM.replace(LIVE, W1 + LIVE) + OTHER + "chmod 644 /etc/pin2mqtt.yaml\n"
    doctor = "pin2mqtt doctor --json -c /etc/pin2mqtt.yaml"
    for user in ("nobody", "member"):
        command += f"su {user} -s /bin/sh -c '{doctor}' >/out/{user}\n"
    command += f"{doctor} >/out/root\necho $? >/out/status\n"
    command += "pin2mqtt doctor -c /etc/pin2mqtt.yaml >/out/text\n"
    command += ("su nobody -s /bin/sh -c 'pin2mqtt run -c /etc/pin2mqtt.yaml' 2>/out/nobody.log &\n"
                "closed=$!\nsleep 20\nkill $closed\nwait $closed\n"
                f"pin2mqtt run -c /etc/pin2mqtt.yaml 2>/out/root.log &\ngateway=$!\nsleep 45\n"
                f"{doctor} >/out/running\nkill $gateway $other\nwait\ncp $D/stat /out/stat")
    run = board.run_gateway(request.param, sensors=SENSORS, command=command, module=MODULE,
                            conf=CONF)
    said = {who: json.loads(run.files[who]) for who in ("nobody", "member", "root", "running")}
    return said | {"text": run.files["text"], "status": run.files["status"].strip(),
                   "logs": {who: run.files[f"{who}.log"] for who in ("nobody", "root")}}


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


@pytest.mark.parametrize("case", BROKEN)
def test_the_gateway_logs_a_broken_pin_once(told, case):
    _, kind, word = BROKEN[case]
    said = re.findall(f"error: {case}: line not available, .*", told["logs"]["root"])
    assert len(said) == 1, told["logs"]["root"]
    assert f"finding={kind}: " in said[0] and word in said[0]


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_doubtful_sensor_is_named_with_its_mend(told, case):
    _, kind, word = DOUBTFUL[case]
    for who in ("root", "member"):
        [finding] = [f for f in of_sensor(told[who], case) if f["id"] == kind]
        assert finding["level"] in ("warning", "problem")
        assert word in finding["what"]
        assert finding["why"] and finding["mend"]


@pytest.mark.parametrize("case", ["no_pull_up", "silent", "wrong_model"])
def test_the_gateway_logs_a_doubtful_sensor_once(told, case):
    said = re.findall(f"warning: {case}: no reading after .*", told["logs"]["root"])
    assert len(said) == 1, told["logs"]["root"]


def test_the_gateway_logs_once_that_chips_are_closed_to_it(told):
    said = re.findall("error: fine: line not available, .*", told["logs"]["nobody"])
    assert len(said) == 1 and "finding=pin_access: " in said[0], told["logs"]["nobody"]


def test_a_clock_that_nobody_sets_is_told(told):
    [finding] = [f for f in told["root"]["findings"] if f["id"] == "clock_unsynced"]
    assert "set-ntp" in finding["mend"]
    assert told["logs"]["root"].count("the clock is not synchronised") == 1


def test_chips_are_listed_with_label_and_names(told):
    chips = [f["what"] for f in told["root"]["findings"] if f["id"] == "chip"]
    assert len(chips) == 2
    assert "(dht-bus) has 8 lines" in chips[0] and "8 have names: GPIO0 to GPIO7" in chips[0]
    assert "(porch) has 8 lines" in chips[1]


def test_a_free_pin_is_fine_and_its_sensor_answers(told):
    pin, sensor = of_sensor(told["root"], "fine")
    assert (pin["id"], pin["level"]) == ("pin", "ok")
    assert "dht-bus" in pin["what"] and pin["what"].endswith("free")
    assert (sensor["id"], sensor["level"]) == ("sensor", "ok")
    assert "a dht22 answers: " in sensor["what"]


def test_who_lacks_the_group_is_told_the_command(told):
    closed = [f for f in told["nobody"]["findings"] if f["id"] == "chip_access"]
    assert len(closed) == 2
    assert all(f["mend"].startswith("sudo usermod -aG gpio nobody") for f in closed)
    assert of_sensor(told["nobody"], "fine")[0]["id"] == "pin_access"
    assert not [f for f in told["member"]["findings"] if f["id"] == "chip_access"]


def test_lines_of_the_running_gateway_are_no_problem(told):
    [finding] = of_sensor(told["running"], "fine")
    assert finding["level"] == "ok" and "the running gateway has" in finding["what"]
    [gateway] = [f for f in told["running"]["findings"] if f["id"].startswith("gateway")]
    assert gateway["id"] == "gateway_unread"
    assert "the gateway runs, and not all sensors are read: 2 of 14" in gateway["what"]


def test_status_and_text_say_the_same(told):
    assert told["status"] == "1"
    for finding in told["root"]["findings"]:
        if finding["id"] not in ("clock_unsynced", "sensor"):
            assert finding["what"] in told["text"]
