# SPDX-License-Identifier: MIT
"""packaging/compose.yaml, as docker-compose itself reads it; no daemon is asked."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
FILE = TOP / "packaging/compose.yaml"


def compose(*arguments, **environment):
    if not shutil.which("docker-compose"):
        pytest.skip("SKIP docker-compose is not installed")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GPIO_")}
    return subprocess.run(["docker-compose", "-f", FILE, *arguments], capture_output=True,
                          text=True, timeout=120, check=False, env=plain | environment)


@pytest.fixture(name="gateway", scope="module")
def gateway_service():
    """The service as it is in effect, up to the next one."""
    told = compose("config", GPIO_GID="997", GPIO_CHIP="/dev/gpiochip4")
    assert told.returncode == 0, told.stderr
    return re.search(r"^  pin2mqtt:\n(?:(?:    .*)?\n)+", told.stdout, re.MULTILINE)[0]


def test_it_is_understood_and_has_both_services():
    told = compose("config", "--services", GPIO_GID="997")
    assert (told.returncode, sorted(told.stdout.split())) == (0, ["mosquitto", "pin2mqtt"])


def test_the_gateway_gets_its_chip_and_nothing_else(gateway):
    assert "/dev/gpiochip4" in gateway and "997" in gateway
    assert "privileged" not in gateway and "network_mode" not in gateway


def test_the_gateway_cannot_write_its_root_or_gain_rights(gateway):
    assert "read_only: true" in gateway
    assert re.search(r"cap_drop:\s+- ALL", gateway)
    assert "no-new-privileges:true" in gateway
    assert "/etc/pin2mqtt/pin2mqtt.yaml" in gateway and "/var/lib/pin2mqtt" in gateway


def test_the_number_of_the_group_is_asked_for():
    told = compose("config")
    assert told.returncode != 0 and "stat -c %g /dev/gpiochip0" in told.stderr


def test_what_it_mounts_is_there_and_what_it_tells_to_copy():
    text = FILE.read_text(encoding="utf-8")
    copied = re.findall(r"cp (\S+) (\S+)", text)
    assert copied and all((TOP / source).exists() for source, _ in copied)
    made = {pathlib.Path(target).name for _, target in copied}
    for source in re.findall(r"- \./(\S+?):", text):
        assert (FILE.parent / source).exists() or source in made, source
