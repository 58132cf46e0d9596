# SPDX-License-Identifier: MIT
"""packaging/compose.yaml, as docker-compose itself reads it; no daemon is asked."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
FILE = TOP / "packaging/compose.yaml"


def compose(*arguments, **environment):
    if not shutil.which("docker-compose"):
        pytest.skip("SKIP docker-compose is not installed")
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GPIO_")}
    return subprocess.run(["docker-compose", "-f", FILE, *arguments], capture_output=True,
                          text=True, timeout=120, check=False, env=plain | environment)


@pytest.fixture(name="services", scope="module")
def all_services():
    """The services as they are in effect."""
    told = compose("--profile", "dashboards", "config", GPIO_GID="997",
                   GPIO_CHIP="/dev/gpiochip4")
    assert told.returncode == 0, told.stderr
    return {name: yaml.dump(service) for name, service in
            yaml.safe_load(told.stdout)["services"].items()}


@pytest.fixture(name="gateway")
def gateway_service(services):
    return services["pin2mqtt"]


def test_it_is_understood_and_has_dashboards_where_they_are_asked_for(services):
    assert sorted(services) == ["grafana", "influxdb", "mosquitto", "pin2mqtt", "prometheus",
                                "telegraf"]
    assert {name for name, service in services.items() if "dashboards" in
            (yaml.safe_load(service).get("profiles") or [])} == {
                "grafana", "influxdb", "prometheus", "telegraf"}


def test_nothing_can_gain_rights_and_nothing_is_root(services):
    for name, text in services.items():
        service = yaml.safe_load(text)
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        # Our own image says it by itself: tests/image.
        assert name == "pin2mqtt" or service["user"] not in ("root", "0", "0:0"), name
        assert "privileged" not in service


def test_images_of_others_have_their_version(services):
    images = {name: yaml.safe_load(service)["image"] for name, service in services.items()}
    assert images.pop("pin2mqtt") == "pin2mqtt"
    assert all(re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", image) for image in images.values())


def test_what_is_published_is_for_this_machine(services):
    ports = re.findall(r"^ports:\s*$", "\n".join(services.values()), re.MULTILINE)
    assert len(ports) == 4
    text = FILE.read_text(encoding="utf-8")
    published = re.findall(r'ports: \["([^"]*)"\]', text)
    assert len(published) == 4 and all(port.startswith("127.0.0.1:") for port in published)


def test_services_ask_each_other_by_name_and_port(services):
    config = TOP / "conf/examples/docker.yaml"
    gateway = config.read_text(encoding="utf-8")
    scrape = (TOP / "packaging/dashboards/prometheus.yml").read_text(encoding="utf-8")
    assert 'targets: ["pin2mqtt:9478"]' in scrape and "hosts: [pin2mqtt]" in gateway
    assert "listen: ${PIN2MQTT_HTTP:-" in gateway
    environment = {name: yaml.safe_load(service).get("environment", {})
                   for name, service in services.items()}
    assert environment["pin2mqtt"]["PIN2MQTT_HTTP"] == "0.0.0.0:9478"
    telegraf = (TOP / "packaging/dashboards/telegraf.conf").read_text(encoding="utf-8")
    for name, value in environment["telegraf"].items():
        assert f"${{{name}:-" in telegraf
        assert re.fullmatch(r"\w+://(\w+):\d+", value)[1] in services


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
    for source in re.findall(r'[ "]\./(\S+?):', text):
        assert (FILE.parent / source).exists() or source in made, source
