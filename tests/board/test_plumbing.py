# SPDX-License-Identifier: MIT
"""Pins, names, rights and chips that come and go, on the kernel's character device.

gpio-sim stands beside the module's chip: chip "porch" of 8 lines, where line 4 has a name
that the other chip has as well, and line 5 belongs to a driver called "led".
"""
import re

import pytest

import board

GPIO_SIM = """
mount -t configfs config /sys/kernel/config
porch=/sys/kernel/config/gpio-sim/porch
mkdir -p $porch/bank/line4 $porch/bank/line5/hog $porch/bank/line6
echo 8 >$porch/bank/num_lines
echo porch >$porch/bank/label
echo GPIO4 >$porch/bank/line4/name
echo LED >$porch/bank/line5/name
echo led >$porch/bank/line5/hog/name
echo ALONE >$porch/bank/line6/name
echo 1 >$porch/live
chgrp gpio /dev/gpiochip* && chmod 660 /dev/gpiochip*
"""

READS = {
    "line_name": "GPIO1",
    "chip_name": "gpiochip0/2",
    "chip_label": "dht-bus/3",
    "chip_path": "/dev/gpiochip0/4",
    "ambiguous": "GPIO4",
    "busy": "LED",
    "no_name": "GPIO77",
    "no_line": "porch/8",
    "no_chip": "cellar/1",
    "silent": "ALONE",
}

USERS = ("nobody", "member")  # member is in the group gpio


@pytest.fixture(scope="module", params=[1, 2], ids=["libgpiod1", "libgpiod2"])
def reads(request):
    """What `pin2mqtt read` said and did for each pin: {case: (status, text)}."""
    if not board.gateway(request.param).exists():
        pytest.skip(f"{board.gateway(request.param)} is not built")
    read = "timeout 20 pin2mqtt read --driver dht22 --pin"
    command = GPIO_SIM + "".join(
        f"{read} {pin} >/out/{case} 2>&1; echo status $? >>/out/{case}\n"
        for case, pin in READS.items())
    for user in USERS:
        command += (f"su {user} -s /bin/sh -c '{read} GPIO1' >/out/{user} 2>&1\n"
                    f"echo status $? >>/out/{user}\n")
    run = board.run_gateway(request.param, sensors=[], command=command, broker=False)
    said = {}
    for case in [*READS, *USERS]:
        text, _, status = run.files[case].rpartition("status ")
        said[case] = int(status), text
    return said


@pytest.mark.slow
@pytest.mark.parametrize("case", ["line_name", "chip_name", "chip_label", "chip_path"])
def test_a_pin_is_found(reads, case):
    status, text = reads[case]
    assert status == 0, text
    assert "-30.0" in text  # what the first frame says


@pytest.mark.slow
def test_an_ambiguous_name_is_refused_with_the_candidates(reads):
    status, text = reads["ambiguous"]
    assert status != 0
    assert re.search(r"gpiochip0/4|dht-bus/4", text), text
    assert re.search(r"gpiochip1/4|porch/4", text), text


@pytest.mark.slow
def test_a_busy_line_names_its_consumer(reads):
    status, text = reads["busy"]
    assert status != 0
    assert '"led"' in text or "led" in text.split(), text


@pytest.mark.slow
@pytest.mark.parametrize("case", ["no_name", "no_line", "no_chip"])
def test_what_is_not_there_is_named(reads, case):
    status, text = reads[case]
    assert status == 69, text
    assert READS[case].split("/")[0] in text


@pytest.mark.slow
def test_a_line_without_a_sensor_is_not_there(reads):
    status, text = reads["silent"]
    assert status in (1, 69), text


@pytest.mark.slow
def test_without_the_right_the_group_is_named(reads):
    status, text = reads["nobody"]
    assert status == 69, text
    assert re.search(r"\bgpio\b", text), text
    assert reads["member"][0] == 0, reads["member"][1]


@pytest.mark.slow
def test_a_chip_that_goes_and_comes_back_is_survived(generation):
    command = GPIO_SIM + """
gateway_start
wait_frames 5 60
echo 0 >$porch/live
sleep 3
frames >/out/before
echo 0 >$D/plug
sleep 5
echo 1 >$porch/live
echo 1 >$D/plug
chgrp gpio /dev/gpiochip*
sleep 90
frames >/out/after
kill -0 $gateway && echo yes >/out/alive
gpio=$(cat /sys/kernel/debug/gpio)
echo "$gpio" >/out/gpio
gateway_stop
"""
    sensors = [
        {"id": "s0", "driver": "dht22", "pin": "GPIO1", "interval": "2s"},
        {"id": "sim", "driver": "dht22", "pin": "porch/2", "interval": "2s"},
    ]
    run = board.run_gateway(generation, sensors, command, module="lines=2")
    assert run.files["alive"].strip() == "yes"
    before, after = int(run.files["before"]), int(run.files["after"])
    assert after - before >= 20, run.files["gateway.log"]
    accounts = board.account(run, {"s0": (1, "dht22"), "sim": (99, "dht22")})
    assert accounts["s0"].wrong == []
    assert len(accounts["s0"].right) >= 25
    # At most the frame that was on the wire when the chip was pulled out.
    assert len(accounts["s0"].lost) <= 1
    assert run.files["gateway.status"].strip() == "0"
    assert run.files["gpio"].count("pin2mqtt") == 2, "both lines are held again"
